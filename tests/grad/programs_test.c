/* Programs as people write them: every entry of tests/grad/programs is differentiated by its float
 * arguments, at orders 1 and 2, in both modes, against differences in long double. Comments above an
 * entry say what is peculiar:
 *     //% from 0.1 to 0.9   where its arguments are drawn; else from -1 to 1
 *     //% whole             whole numbers between these: zeros are among them
 *     //% reverse           it has a rule for reverse mode only
 *     //% as OTHER          it is OTHER, to the bit; no derivative is taken
 *     //% value             nothing is checked but what others are compared with */
#include "tests/grad/check.h"

#include "frontend/frontend.h"
#include "tests/unit/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 64 };
static char files[MOST_FILES][256];
static int file_count;

typedef struct Wish {
  Range range;
  bool reverse, value;
  char as[64];
} Wish;

/* The comments right above `entry fn NAME(` or `entry NAME `. */
static Wish wish_of(const char *text, const char *name)
{
  Wish wish = {{-1, 1, false}, false, false, ""};
  size_t length = strlen(name);
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    if (!strncmp(line, "//% ", 4)) {
      sscanf(line, "//%% from %lf to %lf", &wish.range.lo, &wish.range.hi);
      sscanf(line, "//%% as %63s", wish.as);
      wish.range.whole |= !strncmp(line, "//% whole", 9);
      wish.reverse |= !strncmp(line, "//% reverse", 11);
      wish.value |= !strncmp(line, "//% value", 9);
    }
    if (strncmp(line, "entry ", 6) != 0) continue;
    const char *at = line + (strncmp(line + 6, "fn ", 3) ? 6 : 9);
    if (!strncmp(at, name, length) && strchr("( [=", at[length])) return wish;
    wish = (Wish){{-1, 1, false}, false, false, ""};
  }
  ck_abort_msg("no entry %s", name);
}

static void print_out(void *user, const char *bytes, size_t n)
{
  (void)user;
  fwrite(bytes, 1, n, stderr);
}

static const char *read_all(MdlArena *arena, const char *path, size_t *length)
{
  FILE *in = fopen(path, "rb");
  ck_assert_msg(in != NULL, "cannot read %s", path);
  char *bytes = mdl_alloc(arena, 1 << 16);
  *length = fread(bytes, 1, (1 << 16) - 1, in);
  fclose(in);
  return bytes;
}

static const char *load(Bench *b, const char *path)
{
  size_t length;
  const char *text = read_all(b->session->arena, path, &length);
  int file = mdl_file_add(b->session, path, text, length, false);
  mdl_diag_options(b->session)->no_warnings = true;
  MdlFrontendOptions options = {.module = "test", .prefix = "", .source = path};
  MdlProgram *program = mdl_frontend_check(b->session, file, &options);
  if (program) b->module = mdl_frontend_lower(b->ir, program);
  if (mdl_is_null(b->module)) mdl_diag_flush(b->session, print_out, NULL, true, 1);
  ck_assert_msg(!mdl_is_null(b->module), "%s does not compile", path);
  b->passes = "inline,simplify,cse,derive,dce,simplify,dce";
  return text;
}

static void check_entry(Bench *b, const char *path, const char *text, const char *name)
{
  Wish wish = wish_of(text, name);
  bench_say("%s", name);
  if (wish.value) return;
  if (!*wish.as) {
    int draws = wish.range.whole ? 10 : 2;
    int good = wish.reverse ? check_reverse(b, name, wish.range, draws)
                            : check_derivatives(b, name, wish.range, draws);
    ck_assert_msg(good > 0, "%s: %s has no good draw", path, name);
    return;
  }
  bench_settle(b);
  for (int i = 0; i < 10; i++)
    ck_assert_msg(bench_same_bits(b, name, wish.as, wish.range), "%s: %s is not %s", path, name,
                  wish.as);
}

/* Each entry in a module of its own: functions with a rule are inlined once no recipe wants them. */
START_TEST(every_entry)
{
  for (int i = 0, count = 1; i < count; i++) {
    Bench b = bench_create();
    const char *text = load(&b, files[_i]);
    MlirOperation *entry;
    count = mdl_entries(b.ir, b.module, &entry);
    ck_assert_int_gt(count, 0);
    check_entry(&b, files[_i], text, mdl_op_text(b.ir, entry[i], "sym_name"));
    bench_destroy(&b);
  }
}
END_TEST

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

TCase *tests(void)
{
  DIR *dir = opendir(PROGRAMS);
  for (struct dirent *e; dir && (e = readdir(dir));) {
    size_t n = strlen(e->d_name);
    if (n < 4 || strcmp(e->d_name + n - 4, ".mdl") || file_count == MOST_FILES) continue;
    snprintf(files[file_count++], sizeof *files, "%s/%s", PROGRAMS, e->d_name);
  }
  if (dir) closedir(dir);
  qsort(files, (size_t)file_count, sizeof *files, by_name);
  TCase *t = tcase_create("programs");
  tcase_set_timeout(t, 300);
  tcase_add_loop_test(t, every_entry, 0, file_count);
  return t;
}
