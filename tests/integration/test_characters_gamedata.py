"""The rule data: served by version, reloaded by SIGHUP, checked before it is believed."""
import json
import os
import re
import shutil
import signal

import pytest

import hearth
from characters import CLERIC, FIGHTER, Hero, player, refused

pytestmark = pytest.mark.any_storage

GAMEDATA = hearth.ROOT / "etc" / "gamedata"


def test_it_is_public_and_cacheable(game):
    hero = Hero(player(game), FIGHTER)
    path = "/gamedata/" + hero["gamedataVersion"]
    reply = game.get(path)
    assert reply.status == 200
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply.json["version"] == hero["gamedataVersion"]
    assert "creativecommons.org/licenses/by/4.0" in reply.json["attribution"]
    assert {"items", "races", "classes", "experience"} <= set(reply.json)
    assert "blocked" not in reply.body.decode()
    again = game.get(path, headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    refused(game.get("/gamedata/none"), 404, "NOT_FOUND")


@pytest.fixture
def own_data(own_storage_arguments, tmp_path):
    """A hearthd whose rule data may be changed."""
    folder = tmp_path / "gamedata"
    shutil.copytree(GAMEDATA, folder)
    server = hearth.Hearthd(tmp_path / "own",
                            ["--set", f"characters.gamedata={folder}"],
                            storage=own_storage_arguments, loops=2)
    server.gamedata = folder
    yield server
    assert server.stop() == 0


def change(server, name, edit):
    path = server.gamedata / f"{name}.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))
    said = len(server.log)
    os.kill(server.process.pid, signal.SIGHUP)
    return said


def says(server, since, pattern):
    return hearth.wait_until(
        lambda: next((m for m in server.messages()[since:] if re.search(pattern, m)), None),
        f"the log says {pattern}")


def stronger_scale_mail(data):
    next(i for i in data["items"] if i["name"] == "Scale Mail")["armor"]["armorClass"] = 20


def test_sighup_reads_it_again(own_data):
    owner = player(own_data)
    old = Hero(owner, CLERIC)
    before = old.state
    since = change(own_data, "items", stronger_scale_mail)
    says(own_data, since, r"rule data \S+ replaces " + re.escape(before["gamedataVersion"]))
    # One version shows one state; the next change is made with the new data.
    hearth.wait_until(lambda: Hero(owner, CLERIC)["gamedataVersion"] != before["gamedataVersion"],
                      "a new character has the new data")
    assert old.reload().state == before
    assert old.hurt(0).status == 200
    assert old["armorClass"] == before["armorClass"] + 6
    assert old["gamedataVersion"] != before["gamedataVersion"]
    assert own_data.get("/gamedata/" + before["gamedataVersion"]).status == 200
    assert own_data.get("/gamedata/" + old["gamedataVersion"]).status == 200


def test_a_restart_with_other_data_leaves_versions_as_they_were_shown(own_data):
    hero = Hero(player(own_data), CLERIC)
    before = hero.owner.get(hero.path)
    path = own_data.gamedata / "items.json"
    data = json.loads(path.read_text())
    stronger_scale_mail(data)
    path.write_text(json.dumps(data))
    assert own_data.stop() == 0
    own_data.restart()
    hero.owner.port = own_data.port
    assert hero.owner.get(hero.path).body == before.body
    assert hero.hurt(0).status == 200
    assert hero["armorClass"] == before.json["armorClass"] + 6


def test_broken_data_is_refused_with_its_place_and_the_old_stays(own_data):
    owner = player(own_data)
    version = Hero(owner, CLERIC)["gamedataVersion"]

    def break_it(data):
        data["classes"][2]["hitDie"] = 7

    since = change(own_data, "classes", break_it)
    says(own_data, since,
         r"reload refused.*classes\.json: /classes/2/hitDie: expected one of .*, found 7")
    assert Hero(owner, CLERIC)["gamedataVersion"] == version


def test_items_that_are_gone_come_off(own_data):
    hero = Hero(player(own_data), CLERIC)

    def without_mace(data):
        data["items"] = [i for i in data["items"] if i["name"] != "Mace"]

    def cleric_without_mace(data):
        cleric = next(c for c in data["classes"] if c["name"] == "Cleric")
        cleric["startingEquipment"] = [e for e in cleric["startingEquipment"] if e["itemId"] != 1483]
        for entry in data["classes"]:
            proficiencies = entry["weaponProficiencies"]
            proficiencies["items"] = [i for i in proficiencies["items"] if i != 1483]

    path = own_data.gamedata / "classes.json"
    data = json.loads(path.read_text())
    cleric_without_mace(data)
    path.write_text(json.dumps(data))
    since = change(own_data, "items", without_mace)
    says(own_data, since, "rule data .* replaces")
    hearth.wait_until(lambda: hero.hurt(0).status == 200 and hero["equipment"]["mainHand"] is None,
                      "the mace comes off")
    assert 1483 in [entry["itemId"] for entry in hero["inventory"]]
    refused(hero.equip("weapon", 1483), 422, "ITEM_NOT_OWNED")


def test_start_refuses_broken_data(tmp_path):
    folder = tmp_path / "gamedata"
    shutil.copytree(GAMEDATA, folder)
    (folder / "races.json").write_text("{")
    server = hearth.Hearthd(tmp_path / "own", ["--set", f"characters.gamedata={folder}"],
                            wait=False)
    assert server.process.wait(hearth.DEADLINE) == 2
    server.reader.join(5)
    assert any("races.json: line 1" in message for message in server.messages())
