/* Feeds what reads anything but mdl text with what nobody meant: dumps of the IR, options, JSON,
 * weights. Each input must be taken, or refused with a code (with a reason in the runtime), in a
 * second. The input at hand is in `fuzz-failed` when something breaks.
 *
 *   feed mlir SEED MUTATIONS FILE.mdl...    `-x mlir` on edits of dumps, all the way to C
 *   feed options SEED COUNT FILE.mdl...     command lines of table rows and noise
 *   feed json SEED MUTATIONS                values of `mdlc run` and of --args=
 *   feed weights SEED FLIPS                 npy and safetensors: every length, flipped bits */
#include "compiler/json.h"
#include "compiler/mdlc.h"
#include "compiler/options.h"
#include "ir/diag.h"
#include "runtime/mdl.h"
#include "tests/fuzz/edit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
  const char *bytes;
  size_t length;
} input;
static long inputs, taken;

static void save_input(void)
{
  FILE *file = fopen("fuzz-failed", "wb");
  if (!file) return;
  fwrite(input.bytes, 1, input.length, file);
  fclose(file);
}

static void on_signal(int number)
{
  save_input();
  fprintf(stderr, "feed: signal %d, the input is kept as fuzz-failed\n", number);
  _exit(1);
}

static _Noreturn void fail(const char *why, const char *text)
{
  save_input();
  fprintf(stderr, "feed: %s, the input is kept as fuzz-failed\n%s\n", why, text);
  exit(1);
}

static double seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void begin(const char *bytes, size_t length)
{
  input.bytes = bytes;
  input.length = length;
  inputs++;
  alarm(60);
}

/* ---- the compiler ------------------------------------------------------------------------ */

typedef struct Heard {
  char text[16384];
  size_t length;
} Heard;

static void hear(void *user, const char *text, size_t length)
{
  Heard *h = user;
  size_t room = sizeof h->text - 1 - h->length;
  if (length > room) length = room;
  memcpy(h->text + h->length, text, length);
  h->text[h->length += length] = 0;
}

static mdlc_result *compile(const char *name, const MdlText *text, int count,
                            const char *const *options, Heard *heard)
{
  *heard = (Heard){.length = 0};
  mdlc_request r = {.name = name, .source = text->bytes, .length = text->length};
  r.options = options;
  r.option_count = count;
  r.report = hear;
  r.user = heard;
  return mdlc_compile(&r);
}

static void try_compile(const char *name, const MdlText *text, int count,
                        const char *const *options)
{
  Heard heard;
  double start = seconds();
  mdlc_result *result = compile(name, text, count, options, &heard);
  int status = mdlc_status(result);
  if (status == MDLC_INTERNAL) fail("an internal error", heard.text);
  if (status && !strstr(heard.text, "error[E")) fail("refused without a code", heard.text);
  taken += !status;
  mdlc_free(result);
  if (seconds() - start > 1) fail("more than a second", heard.text);
}

static void feed_mlir(MdlRandom *random, int mutations, const char *path)
{
  static const char *const dump[] = {"--emit=mlir", "-w"}, *const back[] = {"-x", "mlir",
                                                                            "--emit=c"};
  MdlText source;
  Heard heard;
  size_t length;
  if (!mdl_text_read(path, &source)) fail("cannot read", path);
  mdlc_result *made = compile("fuzz.mdl", &source, 2, dump, &heard);
  if (mdlc_status(made)) fail("no dump", heard.text);
  const char *text = mdlc_output(made, 0, &length);
  MdlText whole = {(char *)(uintptr_t)text, length};
  long before = taken;
  begin(whole.bytes, whole.length);
  try_compile("fuzz.mlir", &whole, 3, back);
  if (taken == before) fail("the dump itself is refused", path);
  for (int i = 0; i < mutations; i++) {
    bool token;
    MdlText changed = mdl_edit(&whole, random, &token);
    begin(changed.bytes, changed.length);
    try_compile("fuzz.mlir", &changed, 3, back);
    free(changed.bytes);
  }
  mdlc_free(made);
  free(source.bytes);
}

/* ---- options ----------------------------------------------------------------------------- */

/* A row of the table, or something like it; none that writes files or ends in a folder. */
static void draw_word(MdlRandom *random, char *word, size_t room)
{
  static const char *const values[] = {"",
                                       "c",
                                       "obj",
                                       "x86_64",
                                       "cortex-m4",
                                       "N=3",
                                       "N=-1",
                                       "99999999999999999999",
                                       "arm64-apple-darwin",
                                       "thumbv7em-none-eabihf",
                                       "all",
                                       "../..",
                                       "\xff\xfe",
                                       "=",
                                       "error",
                                       "%s%n"};
  int rows;
  const MdlOptionInfo *row = mdl_option_rows(&rows);
  const char *name = row[mdl_random(random, (uint64_t)rows)].name;
  if (strstr(name, "print-ir-dir") || !strcmp(name, "-o") || strstr(name, "args")) name = "--emit=";
  snprintf(word, room, "%s%s", name, values[mdl_random(random, sizeof values / sizeof *values)]);
  if (!mdl_random(random, 4) && strlen(word) > 2)
    word[mdl_random(random, strlen(word))] ^= 1 + (char)mdl_random(random, 60);
}

static void feed_options(MdlRandom *random, int count, const char *path)
{
  enum { MOST = 4, ROOM = 160 };
  MdlText source;
  if (!mdl_text_read(path, &source)) fail("cannot read", path);
  for (int i = 0; i < count; i++) {
    char word[MOST][ROOM], line[MOST * ROOM] = "";
    const char *options[MOST + 1];
    int words = 1 + (int)mdl_random(random, MOST);
    for (int k = 0; k < words; k++) {
      draw_word(random, word[k], ROOM);
      options[k] = word[k];
      strcat(strcat(line, word[k]), "\n");
    }
    begin(line, strlen(line));
    try_compile("fuzz.mdl", &source, words, options);
  }
  free(source.bytes);
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void feed_json(MdlRandom *random, int mutations)
{
  static const char text[] =
      "{\"m\": {\"w\": [[1, -2.5e3], [nan, inf]], \"b\": [true, false, null]}, "
      "\"x\": \"a\\u00e9\\n\\\"\", \"deep\": [[[[[[0.1]]]]]], \"n\": 12345678901234567890}";
  MdlText whole = {(char *)(uintptr_t)text, sizeof text - 1};
  for (int i = 0; i < mutations + (int)whole.length; i++) {
    bool token;
    MdlText changed = {NULL, 0};
    if (i >= mutations) { /* every length */
      changed.length = (size_t)(i - mutations);
      changed.bytes = memcpy(malloc(changed.length + 1), text, changed.length);
    } else {
      changed = mdl_edit(&whole, random, &token);
    }
    MdlArena *arena = mdl_arena_create();
    const char *why = NULL;
    begin(changed.bytes, changed.length);
    MdlJson *value = mdl_json_read(arena, changed.bytes, changed.length, &why);
    if (!value && !why) fail("refused without a reason", "");
    taken += value != NULL;
    mdl_arena_destroy(arena);
    free(changed.bytes);
  }
}

/* ---- weights ----------------------------------------------------------------------------- */

/* Every byte that a reader claims is there. */
static unsigned touch(const mdl_array *array)
{
  unsigned sum = 0;
  for (size_t i = 0; i < array->bytes; i++) sum += ((const unsigned char *)array->data)[i];
  return sum;
}

static void try_weights(const unsigned char *bytes, size_t length, bool npy)
{
  mdl_array array;
  mdl_weights weights;
  unsigned char *exact = memcpy(malloc(length ? length : 1), bytes, length);
  begin((const char *)exact, length);
  volatile unsigned sum = 0;
  if (npy) {
    if (!mdl_npy_read(exact, length, &array)) sum += touch(&array), taken++;
  } else if (!mdl_weights_read(exact, length, &weights)) {
    char name[64];
    size_t at = 0;
    while (mdl_weights_next(&weights, &at, name, sizeof name, &array)) sum += touch(&array);
    if (!mdl_weights_find(&weights, "fc.w", &array)) sum += touch(&array);
    taken++;
  }
  (void)sum;
  free(exact);
}

static void feed_weights(MdlRandom *random, int flips)
{
  char folder[] = "/tmp/mdlc_feed_XXXXXX", path[64];
  static const float data[6] = {1, 2, 3, 4, 5, 6};
  const mdl_array w = {
      .element = MDL_F32, .rank = 2, .shape = {2, 3}, .data = data, .bytes = sizeof data};
  const mdl_array b = {
      .element = MDL_F32, .rank = 1, .shape = {3}, .data = data, .bytes = sizeof data / 2};
  if (!mkdtemp(folder)) abort();
  for (int npy = 0; npy < 2; npy++) {
    mdl_mapping map;
    snprintf(path, sizeof path, "%s/x", folder);
    const char *why = npy ? mdl_npy_write(path, &w)
                          : mdl_weights_write(path, 2, (const char *const[]){"fc.w", "fc.b"},
                                              (const mdl_array[]){w, b});
    if (why || mdl_map_file(path, &map)) fail("cannot write", path);
    unsigned char *bytes = malloc(map.length);
    for (size_t length = 0; length <= map.length; length++) try_weights(map.bytes, length, npy);
    for (int i = 0; i < flips; i++) {
      memcpy(bytes, map.bytes, map.length);
      for (uint64_t k = 1 + mdl_random(random, 3); k > 0; k--)
        bytes[mdl_random(random, map.length)] ^= (unsigned char)(1 << mdl_random(random, 8));
      try_weights(bytes, map.length, npy);
    }
    free(bytes);
    mdl_unmap_file(&map);
    unlink(path);
  }
  rmdir(folder);
}

/* Sanitizers call it before they end the process; without them nobody does. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

int main(int argc, char **argv)
{
  if (argc < 4)
    return fprintf(stderr, "usage: feed mlir|options|json|weights SEED COUNT FILE...\n"), 2;
  MdlRandom random = {strtoull(argv[2], NULL, 10)};
  int count = atoi(argv[3]);
  static const int signals[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL, SIGALRM};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_signal);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(save_input);
  if (!strcmp(argv[1], "json")) feed_json(&random, count);
  if (!strcmp(argv[1], "weights")) feed_weights(&random, count);
  for (int i = 4; i < argc; i++) {
    if (!strcmp(argv[1], "mlir")) feed_mlir(&random, count, argv[i]);
    if (!strcmp(argv[1], "options")) feed_options(&random, count, argv[i]);
  }
  printf("%s: %ld inputs, %ld of them taken\n", argv[1], inputs, taken);
  return inputs ? 0 : 1;
}
