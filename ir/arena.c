#include "ir/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGNMENT = 16 };

typedef struct Block {
  struct Block *next;
  size_t used, size;
  _Alignas(ALIGNMENT) char bytes[];
} Block;

struct MdlArena {
  Block *newest;
  const char **texts; /* open addressing; capacity is a power of two */
  size_t text_count, text_capacity;
};

static void out_of_memory(size_t bytes)
{
  fprintf(stderr, "mdlc: out of memory (%zu bytes)\n", bytes);
  exit(70);
}

static Block *block_create(size_t bytes, Block *next)
{
  size_t size = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
  Block *block = size > SIZE_MAX - sizeof *block ? NULL : malloc(sizeof *block + size);
  if (!block) out_of_memory(size);
  block->next = next;
  block->used = 0;
  block->size = size;
  return block;
}

MdlArena *mdl_arena_create(void)
{
  MdlArena *arena = calloc(1, sizeof *arena);
  if (!arena) out_of_memory(sizeof *arena);
  arena->newest = block_create(0, NULL);
  return arena;
}

void mdl_arena_destroy(MdlArena *arena)
{
  if (!arena) return;
  for (Block *block = arena->newest, *next; block; block = next) {
    next = block->next;
    free(block);
  }
  free(arena->texts);
  free(arena);
}

void *mdl_alloc(MdlArena *arena, size_t bytes)
{
  if (bytes > SIZE_MAX - ALIGNMENT) out_of_memory(bytes);
  bytes = (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  Block *block = arena->newest;
  if (block->size - block->used < bytes) block = arena->newest = block_create(bytes, block);
  void *memory = block->bytes + block->used;
  block->used += bytes;
  return memset(memory, 0, bytes);
}

void *mdl_alloc_array(MdlArena *arena, size_t count, size_t bytes_each)
{
  if (bytes_each && count > SIZE_MAX / bytes_each) out_of_memory(count);
  return mdl_alloc(arena, count * bytes_each);
}

void *mdl_realloc_array(MdlArena *arena, void *old, size_t before, size_t now, size_t bytes_each)
{
  void *moved = mdl_alloc_array(arena, now, bytes_each);
  return old ? memcpy(moved, old, before * bytes_each) : moved;
}

char *mdl_text_copy(MdlArena *arena, const char *bytes, size_t length)
{
  char *text = mdl_alloc(arena, length + 1);
  if (length) memcpy(text, bytes, length);
  return text;
}

char *mdl_text_v(MdlArena *arena, const char *format, va_list arguments)
{
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  char *text = mdl_alloc(arena, (size_t)length + 1);
  vsnprintf(text, (size_t)length + 1, format, arguments);
  return text;
}

char *mdl_text(MdlArena *arena, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  char *text = mdl_text_v(arena, format, arguments);
  va_end(arguments);
  return text;
}

/* FNV-1a. */
static size_t hash(const char *bytes, size_t length)
{
  uint64_t h = 14695981039346656037u;
  for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)bytes[i]) * 1099511628211u;
  return (size_t)(h ^ h >> 32);
}

static size_t slot(const MdlArena *arena, const char *bytes, size_t length)
{
  size_t i = hash(bytes, length);
  for (;; i++) {
    const char *there = arena->texts[i &= arena->text_capacity - 1];
    if (!there || ((!length || !strncmp(there, bytes, length)) && !there[length])) return i;
  }
}

static void grow_texts(MdlArena *arena)
{
  const char **old = arena->texts;
  size_t capacity = arena->text_capacity;
  arena->text_capacity = capacity ? 2 * capacity : 256;
  arena->texts = calloc(arena->text_capacity, sizeof *arena->texts);
  if (!arena->texts) out_of_memory(arena->text_capacity);
  for (size_t i = 0; i < capacity; i++)
    if (old[i]) arena->texts[slot(arena, old[i], strlen(old[i]))] = old[i];
  free(old);
}

const char *mdl_intern(MdlArena *arena, const char *bytes, size_t length)
{
  if (2 * arena->text_count >= arena->text_capacity) grow_texts(arena);
  size_t i = slot(arena, bytes, length);
  if (!arena->texts[i]) {
    arena->texts[i] = mdl_text_copy(arena, bytes, length);
    arena->text_count++;
  }
  return arena->texts[i];
}

const char *mdl_intern_text(MdlArena *arena, const char *text)
{
  return mdl_intern(arena, text, strlen(text));
}
