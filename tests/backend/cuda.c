/* The emitted CUDA of a trial, unchanged, on the emulator of tests/cuda. */
#include "tests/backend/trial.h"

#include "codegen/cuda/cuda.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
  const char *name, *mode;
  bool always;
} builds[] = {{"CUDA, emulated", "plain", true}, {"CUDA, checked for races", "race", false}};

static void write_sources(const MdlTrial *trial)
{
  const MdlCOptions options = {
      .machine = trial->machine, .module = "t", .source = "t.mdl", .options = "", .sha256 = ""};
  MdlArena *arena = trial->ir->arena;
  mdl_trial_write(mdl_text(arena, "%s/t.cu", trial->folder),
                  mdl_cuda_source(trial->ir, trial->module, &options));
  mdl_trial_write(mdl_text(arena, "%s/t.h", trial->folder),
                  mdl_c_header(trial->ir, trial->module, &options));
  mdl_trial_write(mdl_text(arena, "%s/calls.cu", trial->folder), mdl_trial_calls(trial));
}

int mdl_trial_cuda(const MdlTrial *trial, MdlTrialOutput *outputs, int most, bool *well)
{
  int count = 0;
  MdlArena *arena = trial->ir->arena;
  write_sources(trial);
  for (int i = 0; i < 2 && count < most; i++) {
    if (!builds[i].always && !(trial->compilers & MDL_ALL)) continue;
    const char *library = mdl_text(arena, "%s/%s.so", trial->folder, builds[i].mode);
    const char *command =
        mdl_text(arena, "EMU_SHARED=1 EMU_LEVEL=-O0 sh %s/emulate.sh %s %s %s %s/t.cu %s/calls.cu",
                 CUDA_TESTS, builds[i].mode, library, CUDA_OBJECTS, trial->folder, trial->folder);
    outputs[count].name = builds[i].name;
    if (!system(command) && mdl_trial_load(trial, library, &outputs[count]))
      count++;
    else
      *well = false;
  }
  if (*well && !trial->keeps && system(mdl_text(arena, "rm -rf %s/*", trial->folder)))
    *well = false;
  return count;
}
