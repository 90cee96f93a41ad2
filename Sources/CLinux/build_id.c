#define _GNU_SOURCE
#include "CLinux.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

// The linker's note is read from memory: the file itself cannot be read by the user that runs it.
size_t cl_build_id(uint8_t *out, size_t size) {
  const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
  size_t count = getauxval(AT_PHNUM);
  uintptr_t base = 0;
  for (size_t i = 0; i < count; i++)
    if (headers[i].p_type == PT_PHDR) base = (uintptr_t)headers - headers[i].p_vaddr;
  for (size_t i = 0; i < count; i++) {
    if (headers[i].p_type != PT_NOTE) continue;
    const uint8_t *note = (const uint8_t *)(base + headers[i].p_vaddr);
    const uint8_t *end = note + headers[i].p_memsz;
    while (end - note >= (long)sizeof(ElfW(Nhdr))) {
      const ElfW(Nhdr) *header = (const ElfW(Nhdr) *)note;
      const uint8_t *name = note + sizeof *header;
      const uint8_t *description = name + ((header->n_namesz + 3) & ~3U);
      if (header->n_type == NT_GNU_BUILD_ID && header->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
        size_t length = header->n_descsz < size ? header->n_descsz : size;
        memcpy(out, description, length);
        return length;
      }
      note = description + ((header->n_descsz + 3) & ~3U);
    }
  }
  return 0;
}
