/* The printed examples of the layout, byte for byte. */
#include "tests/unit/reports.h"
#include "tests/unit/unit.h"

static MdlSession *s;
static int f;

static void begin(const char *path, const char *text)
{
  s = mdl_session_create();
  f = source(s, path, text);
}

static MdlSpan at(const char *text) { return nth(s, f, text, 1); }
static MdlSpan second(const char *text) { return nth(s, f, text, 2); }
static MdlSpan after(MdlSpan span) { return (MdlSpan){span.file, span.end, span.end}; }

static void expect(const char *text)
{
  ck_assert_str_eq(printed(s, false), text);
  mdl_session_destroy(s);
}

START_TEST(two_sizes_in_one_call)
{
  begin("mix.mdl", "fn blend[K](u: f64[K], v: f64[K]) -> f64[K] = u + v\n"
                   "entry fn mix(p: f64[8], q: f64[6]) -> f64[8] = blend(p, q)\n");
  MdlReport *r = mdl_error(s, MDL_E0403, at("blend(p, q)"), "K", "8", "6", "blend");
  mdl_also(r, at("p: f64[8]"), "8 from here, as `u`");
  mdl_also(r, at("q: f64[6]"), "6 from here, as `v`");
  expect("mix.mdl:2:48: error[E0403]: `K` would be 8 and 6 in one call of `blend`\n"
         "2 | entry fn mix(p: f64[8], q: f64[6]) -> f64[8] = blend(p, q)\n"
         "  |              --------- 8 from here, as `u`\n"
         "  |                         --------- 6 from here, as `v`\n"
         "  |                                                ^^^^^^^^^^^\n\n");
}
END_TEST

START_TEST(did_you_mean)
{
  begin("act.mdl", "import std.nn: gelu\nentry fn act(x: f32) -> f32 = gleu(x)\n");
  MdlReport *r = mdl_error(s, MDL_E0201, at("gleu"), "name", "gleu");
  const char *names[] = {"gelu", "act"}, *best[3];
  mdl_help_similar(r, at("gleu"), best, mdl_did_you_mean(s, "gleu", names, 2, best, 3));
  expect("act.mdl:2:31: error[E0201]: unknown name `gleu`\n"
         "2 | entry fn act(x: f32) -> f32 = gleu(x)\n"
         "  |                               ^^^^\n"
         "  = help: did you mean `gelu`?\n"
         "2 ~ entry fn act(x: f32) -> f32 = gelu(x)\n\n");
}
END_TEST

START_TEST(word_of_another_system)
{
  begin("mid.mdl", "fn mid(t: f32[3, 4]) -> f32[1, 4] =\n  mean(t, axis=0, keepdims=true)\n");
  MdlReport *r = mdl_error(s, MDL_E0502, at("keepdims"), "mean", "keepdims");
  ck_assert(mdl_help_foreign(r, at("keepdims"), "keepdims", true));
  expect("mid.mdl:2:19: error[E0502]: `mean` has no parameter `keepdims`\n"
         "2 |   mean(t, axis=0, keepdims=true)\n"
         "  |                   ^^^^^^^^\n"
         "  = help: NumPy's `keepdims` is `keep` here\n"
         "2 ~   mean(t, axis=0, keep=true)\n\n");
}
END_TEST

START_TEST(evidence_on_both_sides)
{
  begin("decay.mdl", "fn decay(rate: f32, epoch: i32) -> f32 =\n  rate/epoch\n");
  MdlReport *r = mdl_error(s, MDL_E0302, at("/"), "/", "f32", "i32");
  mdl_also(r, second("rate"), "f32");
  mdl_also(r, second("epoch"), "i32");
  mdl_help(r, "convert one side");
  mdl_fix(r, false, second("epoch"), "f32(epoch)");
  expect("decay.mdl:2:7: error[E0302]: `/` of f32 and i32: dtypes never mix implicitly\n"
         "2 |   rate/epoch\n"
         "  |   ---- f32\n"
         "  |       ^\n"
         "  |        ----- i32\n"
         "  = help: convert one side\n"
         "2 ~   rate/f32(epoch)\n\n");
}
END_TEST

START_TEST(evidence_on_the_line_above)
{
  begin("gap.mdl", "fn gap[B](score: f32[B, 1], gold: f32[B]) -> f32 =\n"
                   "  sum(abs(score - gold))\n");
  MdlReport *r = mdl_error(s, MDL_E0402, at("score - gold"), "-");
  mdl_label(r, "[B, B] in NumPy");
  mdl_also(r, at("score: f32[B, 1]"), "f32[B, 1]");
  mdl_also(r, at("gold: f32[B]"), "f32[B]");
  mdl_help(r, "`score[:, 0] - gold` or `score - gold[:, new]`");
  expect("gap.mdl:2:11: error[E0402]: `-` would both add an axis and stretch a 1\n"
         "1 | fn gap[B](score: f32[B, 1], gold: f32[B]) -> f32 =\n"
         "  |           ---------------- f32[B, 1]\n"
         "  |                             ------------ f32[B]\n"
         "2 |   sum(abs(score - gold))\n"
         "  |           ^^^^^^^^^^^^ [B, B] in NumPy\n"
         "  = help: `score[:, 0] - gold` or `score - gold[:, new]`\n\n");
}
END_TEST

START_TEST(a_fix_of_two_lines)
{
  begin("net.mdl", "fn net(rate: f32, t: f32, loss: f32) -> f32 {\n"
                   "  let gain = rate*t\n    - loss\n  gain\n}\n");
  MdlReport *r = mdl_error(s, MDL_E0602, at("- loss"), "-loss");
  mdl_also(r, at("let gain = rate*t"), "ended by its newline");
  mdl_help(r, "to go on, end the line above with `-`");
  mdl_fix(r, false, after(at("rate*t")), " -");
  mdl_fix(r, false, at("- loss"), "loss");
  expect("net.mdl:3:5: error[E0602]: the value of `-loss` is not used\n"
         "2 |   let gain = rate*t\n"
         "  |   ----------------- ended by its newline\n"
         "3 |     - loss\n"
         "  |     ^^^^^^\n"
         "  = help: to go on, end the line above with `-`\n"
         "2 ~   let gain = rate*t -\n"
         "3 ~     loss\n\n");
}
END_TEST

START_TEST(lines_left_out)
{
  begin("root.mdl", "fn settle(a: f32) -> f32 {\n  var r = a\n"
                    "  while r*r - a > 1e-9 { r = (r + a/r)/2 }\n  r\n}\n"
                    "entry slope = grad(settle)\n");
  MdlReport *r = mdl_error(s, MDL_E0701, at("while"), "while");
  mdl_label(r, "trips unknown");
  mdl_also(r, at("grad(settle)"), "asked for here");
  mdl_help(r, "`while … limit 50 {`, or forward mode: `jvp`");
  expect("root.mdl:3:3: error[E0701]: reverse mode through a `while` without `limit`\n"
         "3 |   while r*r - a > 1e-9 { r = (r + a/r)/2 }\n"
         "  |   ^^^^^ trips unknown\n"
         "...\n"
         "6 | entry slope = grad(settle)\n"
         "  |               ------------ asked for here\n"
         "  = help: `while … limit 50 {`, or forward mode: `jvp`\n\n");
}
END_TEST

START_TEST(evidence_before_the_mistake)
{
  begin("cube.mdl", "fn cube(t: f32) -> f32 = t**3\njvp cube(t; dt) = 3*t*t*abs(dt)\n");
  MdlReport *r = mdl_error(s, MDL_E0708, at("abs(dt)"), "cube", "dt");
  mdl_label(r, "`abs` is not linear");
  mdl_also(r, at("dt"), "tangent");
  expect("cube.mdl:2:25: error[E0708]: the rule of `cube` is not linear in `dt`\n"
         "2 | jvp cube(t; dt) = 3*t*t*abs(dt)\n"
         "  |             -- tangent\n"
         "  |                         ^^^^^^^ `abs` is not linear\n\n");
}
END_TEST

START_TEST(a_note)
{
  begin("lerp.mdl", "fn lerp(lo: f32, hi: f32, w: f32) -> f32 = lo + w*(hi - lo)\n"
                    "fn half(p: f32, q: f32) -> f32 = lerp(p, q)\n");
  MdlReport *r = mdl_error(s, MDL_E0501, at("lerp(p, q)"), "lerp", "3 arguments", "2", "`w` is missing");
  mdl_also(r, at("w: f32"), "no default");
  mdl_note(r, "fn lerp(lo: f32, hi: f32, w: f32) -> f32");
  expect("lerp.mdl:2:34: error[E0501]: `lerp` wants 3 arguments, got 2: `w` is missing\n"
         "1 | fn lerp(lo: f32, hi: f32, w: f32) -> f32 = lo + w*(hi - lo)\n"
         "  |                           ------ no default\n"
         "2 | fn half(p: f32, q: f32) -> f32 = lerp(p, q)\n"
         "  |                                  ^^^^^^^^^^\n"
         "  = note: fn lerp(lo: f32, hi: f32, w: f32) -> f32\n\n");
}
END_TEST

START_TEST(changed_lines_apart)
{
  begin("wave.mdl", "fn wave(a: f32) -> f32 {\n  let v = a\n  for i in 0..8 {\n"
                    "    let v = sin(v)\n  }\n  v\n}\n");
  MdlReport *r = mdl_error(s, MDL_E0203, at("let v = sin(v)"), "v");
  mdl_also(r, at("let v = a"), "first here");
  mdl_help(r, "to carry it, write `var` first and assign");
  mdl_fix(r, false, at("let"), "var");
  mdl_fix(r, false, second("let "), "");
  expect("wave.mdl:4:5: error[E0203]: `v` is already bound here\n"
         "2 |   let v = a\n"
         "  |   --------- first here\n"
         "3 |   for i in 0..8 {\n"
         "4 |     let v = sin(v)\n"
         "  |     ^^^^^^^^^^^^^^\n"
         "  = help: to carry it, write `var` first and assign\n"
         "2 ~   var v = a\n"
         "4 ~     v = sin(v)\n\n");
}
END_TEST

START_TEST(at_run_time)
{
  begin("fold.mdl", "entry fn fold[K](t: f32[2*K]) -> f32[K] = t[:K] + t[K:]\n");
  MdlReport *r = mdl_error(s, MDL_E0851, at("t: f32[2*K]"), "`t` has 7 elements, `2*K` is even");
  mdl_note(r, "at run time, in entry `fold`");
  expect("fold.mdl:1:18: error[E0851]: guard failed: `t` has 7 elements, `2*K` is even\n"
         "1 | entry fn fold[K](t: f32[2*K]) -> f32[K] = t[:K] + t[K:]\n"
         "  |                  ^^^^^^^^^^^\n"
         "  = note: at run time, in entry `fold`\n\n");

  begin("pick.mdl", "entry fn pick[N](t: f32[N], at: i32) -> f32 =\n  t[at]\n");
  r = mdl_error(s, MDL_E0852, at("t[at]"), "9", "5");
  mdl_label(r, "`at` is 9");
  mdl_also(r, at("t: f32[N]"), "`N` is 5");
  mdl_note(r, "at run time, in entry `pick`");
  expect("pick.mdl:2:3: error[E0852]: index 9 is out of range for size 5\n"
         "1 | entry fn pick[N](t: f32[N], at: i32) -> f32 =\n"
         "  |                  --------- `N` is 5\n"
         "2 |   t[at]\n"
         "  |   ^^^^^ `at` is 9\n"
         "  = note: at run time, in entry `pick`\n\n");
}
END_TEST

START_TEST(no_place)
{
  begin("a.mdl", "");
  MdlReport *r = mdl_error(s, MDL_E0809, MDL_NO_SPAN, "target", "xtensa-esp32");
  mdl_help(r, "`--emit=c` needs none");
  mdl_note(r, "targets: aarch64 arm nvptx64 riscv32 riscv64 thumb wasm32 x86_64");
  expect("mdlc: error[E0809]: unsupported target `xtensa-esp32`\n"
         " = note: targets: aarch64 arm nvptx64 riscv32 riscv64 thumb wasm32 x86_64\n"
         " = help: `--emit=c` needs none\n\n");
}
END_TEST

START_TEST(json)
{
  begin("act.mdl", "import std.nn: relu\nentry fn act(x: f32) -> f32 = gleu(x)\n");
  mdl_diag_options(s)->format = MDL_DIAG_json;
  MdlReport *r = mdl_error(s, MDL_E0201, at("gleu"), "name", "gleu");
  mdl_help_similar(r, at("gleu"), (const char *const[]){"gelu"}, 1);
  ck_assert_str_eq(
      printed(s, true),
      "{\"v\":1,\"level\":\"error\",\"code\":\"E0201\",\"flag\":null,"
      "\"message\":\"unknown name `gleu`\","
      "\"spans\":[{\"file\":\"act.mdl\",\"byte\":50,\"end_byte\":54,\"line\":2,\"col\":31,"
      "\"end_line\":2,\"end_col\":35,\"primary\":true,\"label\":\"\"}],"
      "\"notes\":[{\"kind\":\"help\",\"text\":\"did you mean `gelu`?\"}],"
      "\"fixes\":[{\"exact\":false,\"edits\":[{\"file\":\"act.mdl\",\"byte\":50,\"end_byte\":54,"
      "\"text\":\"gelu\"}]}],"
      "\"rendered\":\"act.mdl:2:31: error[E0201]: unknown name `gleu`\\n"
      "2 | entry fn act(x: f32) -> f32 = gleu(x)\\n"
      "  |                               ^^^^\\n"
      "  = help: did you mean `gelu`?\\n"
      "2 ~ entry fn act(x: f32) -> f32 = gelu(x)\\n\"}\n"
      "{\"v\":1,\"errors\":1,\"warnings\":0,\"exit\":1}\n");
  mdl_session_destroy(s);
}
END_TEST

START_TEST(explained)
{
  MdlArena *arena = mdl_arena_create();
  ck_assert_str_eq(
      mdl_explain(arena, "E0402"),
      "E0402: `-` would both add an axis and stretch a 1\n"
      "wrong:  fn gap[B](score: f32[B, 1], gold: f32[B]) -> f32 = sum(abs(score - gold))\n"
      "right:  fn gap[B](score: f32[B, 1], gold: f32[B]) -> f32 = sum(abs(score[:, 0] - gold))\n"
      "NumPy makes score - gold [B, B], a bug that trains. In mdl the result has the type of the "
      "operand of higher rank.\nAll pairs: score - gold[new, :]\n");
  ck_assert_ptr_null(mdl_explain(arena, "E0000"));
  mdl_arena_destroy(arena);
}
END_TEST

/* Whether `text` is `message` with something in place of each {}. */
static bool is_filled(const char *text, const char *message)
{
  const char *gap = strstr(message, "{}");
  if (!gap) return !strcmp(text, message);
  if (strncmp(text, message, (size_t)(gap - message))) return false;
  for (text += gap - message; *text; text++)
    if (is_filled(text, gap + 2)) return true;
  return is_filled(text, gap + 2);
}

START_TEST(every_code_explains_one_of_its_messages)
{
  MdlArena *arena = mdl_arena_create();
  for (int i = 0; i < MDL_CODE_COUNT; i++) {
    const char *text = mdl_codes[i].explain, *end = strchr(text, '\n');
    ck_assert_msg(end && end[1] && text[strlen(text) - 1] == '\n', "%s has no text to explain it",
                  mdl_codes[i].name);
    const char *first = mdl_text_copy(arena, text, (size_t)(end - text));
    ck_assert_msg(is_filled(first, mdl_codes[i].message), "%s: `%s`", mdl_codes[i].name, first);
  }
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("diag");
  tcase_add_test(t, two_sizes_in_one_call);
  tcase_add_test(t, did_you_mean);
  tcase_add_test(t, word_of_another_system);
  tcase_add_test(t, evidence_on_both_sides);
  tcase_add_test(t, evidence_on_the_line_above);
  tcase_add_test(t, a_fix_of_two_lines);
  tcase_add_test(t, lines_left_out);
  tcase_add_test(t, evidence_before_the_mistake);
  tcase_add_test(t, a_note);
  tcase_add_test(t, changed_lines_apart);
  tcase_add_test(t, at_run_time);
  tcase_add_test(t, no_place);
  tcase_add_test(t, json);
  tcase_add_test(t, explained);
  tcase_add_test(t, every_code_explains_one_of_its_messages);
  return t;
}
