/* Occupancy as NVIDIA's calculator has it, and what is read of ptxas's words. */
#include "tests/unit/unit.h"

#include "codegen/cuda/roofline.h"
#include "compiler/ptxas.h"

START_TEST(occupancy_by_what_is_short)
{
  static const struct {
    int arch, threads, registers, shared, warps; /* of 64 */
  } cases[] = {
      {80, 256, 32, 0, 64},         {80, 256, 33, 0, 48},  {80, 256, 63, 17408, 32},
      {80, 256, 255, 0, 8},         {80, 128, 128, 0, 16}, {80, 32, 16, 0, 32},
      {80, 1024, 64, 0, 32},        {80, 1024, 65, 0, 0},  {80, 256, 32, 48 * 1024, 24},
      {90, 256, 32, 48 * 1024, 32}, {80, 256, 40, 0, 48},  {80, 1, 16, 0, 32},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    ck_assert_double_eq(
        mdl_cost_occupancy(cases[i].arch, cases[i].threads, cases[i].registers, cases[i].shared),
        cases[i].warps / 64.0);
}
END_TEST

START_TEST(ptxas_is_read)
{
  static const char log[] =
      "ptxas info    : 0 bytes gmem\n"
      "ptxas info    : Compiling entry function 'a_b' for 'sm_80'\n"
      "ptxas info    : Function properties for a_b\n"
      "    16 bytes stack frame, 8 bytes spill stores, 12 bytes spill loads\n"
      "ptxas info    : Used 40 registers, used 1 barriers, 16 bytes cumulative stack size, 12480 "
      "bytes smem, 400 bytes cmem[0]\n"
      "ptxas info    : Compile time = 13.863 ms\n"
      "ptxas info    : Compiling entry function 'c' for 'sm_90'\n"
      "ptxas info    : Function properties for c\n"
      "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
      "ptxas info    : Used 10 registers, used 0 barriers, 368 bytes cmem[0]\n";
  MdlArena *arena = mdl_arena_create();
  MdlPtxas said = {0, 0, NULL, NULL};
  mdl_ptxas_read(arena, log, &said);
  ck_assert_int_eq(said.count, 2);
  ck_assert_str_eq(said.use[0].kernel, "a_b");
  ck_assert_int_eq(said.use[0].arch, 80);
  ck_assert_int_eq(said.use[0].registers, 40);
  ck_assert_int_eq(said.use[0].shared, 12480);
  ck_assert_int_eq(said.use[0].stack, 16);
  ck_assert_int_eq(said.use[0].spilled, 8);
  ck_assert_str_eq(said.use[1].kernel, "c");
  ck_assert_int_eq(said.use[1].arch, 90);
  ck_assert_int_eq(said.use[1].registers, 10);
  ck_assert_int_eq(said.use[1].shared, 0);
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("report");
  tcase_add_test(t, occupancy_by_what_is_short);
  tcase_add_test(t, ptxas_is_read);
  return t;
}
