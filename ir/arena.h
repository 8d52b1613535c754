/* Memory of one compilation: allocated in order, freed at once. Nothing in it is freed alone. */
#ifndef MDL_IR_ARENA_H
#define MDL_IR_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct MdlArena MdlArena;

/* Owns every block handed out from it. Never NULL: out of memory ends the process with a message. */
MdlArena *mdl_arena_create(void);
void mdl_arena_destroy(MdlArena *arena);

/* Zeroed, aligned for any type; `bytes` may be 0. */
void *mdl_alloc(MdlArena *arena, size_t bytes);

/* Zeroed array of `count` things of one type. */
#define MDL_NEW(arena, type, count) ((type *)mdl_alloc_array(arena, count, sizeof(type)))
void *mdl_alloc_array(MdlArena *arena, size_t count, size_t bytes_each);

/* `old` moved to room for `now` items (at least `before`); the new ones are zero. Grows by doubling
 * when called as MDL_GROW(arena, list, count, capacity). */
void *mdl_realloc_array(MdlArena *arena, void *old, size_t before, size_t now, size_t bytes_each);
#define MDL_GROW(arena, list, count, capacity)                                                     \
  ((count) < (capacity)                                                                            \
       ? (void)0                                                                                   \
       : (void)((list) = mdl_realloc_array(arena, list, (size_t)(count),                           \
                                           (size_t)((capacity) = (capacity) ? 2 * (capacity) : 8), \
                                           sizeof *(list))))

/* Copies into the arena, ended by a 0. */
char *mdl_text_copy(MdlArena *arena, const char *bytes, size_t length);
char *mdl_text(MdlArena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *mdl_text_v(MdlArena *arena, const char *format, va_list arguments);

/* One pointer per distinct text: equal texts compare equal as pointers. */
const char *mdl_intern(MdlArena *arena, const char *bytes, size_t length);
const char *mdl_intern_text(MdlArena *arena, const char *text);

#endif
