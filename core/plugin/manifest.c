/* manifest.c - a bounds-checked walk over an ELF file to one section. See manifest.h. */
#include "plugin/manifest.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SECTIONS 4096

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#else
#error "plugins are loaded on x86-64 and on AArch64"
#endif

static bool read_at(const manifest_source *source, uint64_t offset, void *to, size_t size)
{
    if (offset > source->size || size > source->size - offset)
        return false;
    return source->read(source->arg, offset, to, size);
}

static hearth_status read_header(const manifest_source *source, const char *name, Elf64_Ehdr *head,
                                 hearth_error *error)
{
    if (!read_at(source, 0, head, sizeof(*head)) || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0)
        return error_set(error, HEARTH_EINVAL, "%s: not a plugin: expected an ELF shared object",
                         name);
    const unsigned char order =
        __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    if (head->e_ident[EI_CLASS] != ELFCLASS64 || head->e_ident[EI_DATA] != order ||
        head->e_machine != OUR_MACHINE || head->e_type != ET_DYN)
        return error_set(error, HEARTH_EINVAL,
                         "%s: not a plugin for this machine: expected a shared object of ELF "
                         "machine %d, found machine %d, type %d",
                         name, OUR_MACHINE, head->e_machine, head->e_type);
    if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shnum == 0 ||
        head->e_shnum > MAX_SECTIONS || head->e_shstrndx >= head->e_shnum)
        return error_set(error, HEARTH_EINVAL, "%s: damaged: its section table is not readable",
                         name);
    return HEARTH_OK;
}

/* Whether the string at `offset` of the string section is the manifest section's name. */
static bool is_manifest_name(const manifest_source *source, const Elf64_Shdr *strings,
                             uint32_t offset)
{
    char found[sizeof(HEARTH_MANIFEST_SECTION)];
    if (strings->sh_type != SHT_STRTAB || offset > strings->sh_size ||
        sizeof(found) > strings->sh_size - offset ||
        strings->sh_offset > UINT64_MAX - strings->sh_size)
        return false;
    return read_at(source, strings->sh_offset + offset, found, sizeof(found)) &&
           memcmp(found, HEARTH_MANIFEST_SECTION, sizeof(found)) == 0;
}

static bool read_section(const manifest_source *source, const Elf64_Ehdr *head, uint32_t index,
                         Elf64_Shdr *out)
{
    if (head->e_shoff > UINT64_MAX - (uint64_t)index * sizeof(*out))
        return false;
    return read_at(source, head->e_shoff + (uint64_t)index * sizeof(*out), out, sizeof(*out));
}

static hearth_status find_section(const manifest_source *source, const Elf64_Ehdr *head,
                                  const char *name, Elf64_Shdr *out, hearth_error *error)
{
    Elf64_Shdr strings;
    bool found = false;
    if (!read_section(source, head, head->e_shstrndx, &strings))
        return error_set(error, HEARTH_EINVAL, "%s: damaged: its section table is cut off", name);
    for (uint32_t i = 0; i < head->e_shnum; i++) {
        Elf64_Shdr section;
        if (!read_section(source, head, i, &section))
            return error_set(error, HEARTH_EINVAL, "%s: damaged: its section table is cut off",
                             name);
        if (!is_manifest_name(source, &strings, section.sh_name))
            continue;
        if (found)
            return error_set(error, HEARTH_EINVAL, "%s: damaged: more than one section %s", name,
                             HEARTH_MANIFEST_SECTION);
        *out = section;
        found = true;
    }
    if (!found)
        return error_set(error, HEARTH_EINVAL,
                         "%s: not a Hearth plugin: expected a section %s, found none", name,
                         HEARTH_MANIFEST_SECTION);
    return HEARTH_OK;
}

bool manifest_id_is_valid(const char *id)
{
    size_t len = strnlen(id, sizeof(((hearth_manifest *)0)->id));
    if (len == 0 || len == sizeof(((hearth_manifest *)0)->id) || id[0] == '.' || id[0] == '-')
        return false;
    return strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len;
}

static bool version_is_valid(const char *version)
{
    size_t len = strnlen(version, sizeof(((hearth_manifest *)0)->version));
    if (len == 0 || len == sizeof(((hearth_manifest *)0)->version))
        return false;
    return strspn(version, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+") ==
           len;
}

static hearth_status check_manifest(const hearth_manifest *manifest, uint64_t room,
                                    const char *name, hearth_error *error)
{
    if (manifest->magic != HEARTH_ABI_MAGIC)
        return error_set(error, HEARTH_EINVAL,
                         "%s: damaged manifest: expected magic 0x%08x, found 0x%08x", name,
                         HEARTH_ABI_MAGIC, manifest->magic);
    if (manifest->struct_size < sizeof(*manifest) || manifest->struct_size > room)
        return error_set(error, HEARTH_EINVAL,
                         "%s: damaged manifest: expected %zu to %llu bytes, found %u", name,
                         sizeof(*manifest), (unsigned long long)room, manifest->struct_size);
    if (!manifest_id_is_valid(manifest->id))
        return error_set(error, HEARTH_EINVAL, "%s: damaged manifest: expected an id of [a-z0-9.-]",
                         name);
    if (!version_is_valid(manifest->version))
        return error_set(error, HEARTH_EINVAL, "%s: damaged manifest: expected a semantic version",
                         name);
    return HEARTH_OK;
}

hearth_status manifest_read(const manifest_source *source, const char *name, hearth_manifest *out,
                            hearth_error *error)
{
    Elf64_Ehdr head;
    Elf64_Shdr section = {0};
    hearth_status status = read_header(source, name, &head, error);
    if (status == HEARTH_OK)
        status = find_section(source, &head, name, &section, error);
    if (status != HEARTH_OK)
        return status;
    hearth_manifest found;
    if (section.sh_type != SHT_PROGBITS || section.sh_size < sizeof(found) ||
        !read_at(source, section.sh_offset, &found, sizeof(found)))
        return error_set(error, HEARTH_EINVAL,
                         "%s: damaged: its section %s is cut off: expected %zu bytes, found %llu",
                         name, HEARTH_MANIFEST_SECTION, sizeof(found),
                         (unsigned long long)section.sh_size);
    status = check_manifest(&found, section.sh_size, name, error);
    if (status == HEARTH_OK)
        *out = found;
    return status;
}

static bool read_file(void *arg, uint64_t offset, void *to, size_t size)
{
    char *at = to;
    while (size > 0) {
        ssize_t n = pread(*(int *)arg, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

hearth_status manifest_read_file(const char *path, hearth_manifest *out, hearth_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(error, errno == ENOENT ? HEARTH_ENOTFOUND : HEARTH_EINVAL, "%s: %s", path,
                         strerror(errno));
    struct stat info;
    hearth_status status;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        status = error_set(error, HEARTH_EINVAL, "%s: not a plugin: expected a regular file", path);
    } else {
        manifest_source source = {read_file, &fd, (uint64_t)info.st_size};
        status = manifest_read(&source, path, out, error);
    }
    close(fd);
    return status;
}

hearth_status manifest_check_abi(const hearth_manifest *manifest, hearth_error *error)
{
    const char *cure = "upgrade hearthd or rebuild the plugin";
    if (manifest->abi_major == HEARTH_ABI_MAJOR && manifest->abi_minor <= HEARTH_ABI_MINOR)
        return HEARTH_OK;
    if (manifest->abi_major < HEARTH_ABI_MAJOR)
        cure = "rebuild the plugin";
    return error_set(error, HEARTH_EINVAL, "%s %s: built for SDK %u.%u, this host offers %u.%u: %s",
                     manifest->id, manifest->version, manifest->abi_major, manifest->abi_minor,
                     HEARTH_ABI_MAJOR, HEARTH_ABI_MINOR, cure);
}
