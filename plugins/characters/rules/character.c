/*
 * character.c - copying a character to work on it, and its inventory.
 */
#include "character.h"

#include <string.h>

void character_draft_init(struct character_draft *draft, const struct character *from)
{
    draft->character = *from;
    draft->character.items = draft->items;
    if (from->item_count > 0)
        memcpy(draft->items, from->items, from->item_count * sizeof(from->items[0]));
}

static struct character_item *find(const struct character *c, int32_t item_id)
{
    for (uint32_t i = 0; i < c->item_count; i++) {
        if (c->items[i].id == item_id)
            return &c->items[i];
    }
    return NULL;
}

int32_t character_quantity(const struct character *c, int32_t item_id)
{
    const struct character_item *item = find(c, item_id);
    return item ? item->quantity : 0;
}

int32_t character_add_item(struct character *c, int32_t item_id, int64_t quantity)
{
    struct character_item *item = find(c, item_id);
    if (!item) {
        if (c->item_count == CHARACTER_MAX_ITEMS)
            return 0;
        item = &c->items[c->item_count++];
        *item = (struct character_item){item_id, 0};
    }
    int32_t room = CHARACTER_MAX_QUANTITY - item->quantity;
    int32_t added = quantity < room ? (int32_t)quantity : room;
    item->quantity += added;
    return added;
}

void character_take_item(struct character *c, int32_t item_id)
{
    struct character_item *item = find(c, item_id);
    if (--item->quantity > 0)
        return;
    uint32_t index = (uint32_t)(item - c->items);
    c->item_count--;
    memmove(item, item + 1, (c->item_count - index) * sizeof(*item));
}
