/* Compiling for a machine that is not there, and what the compiler says of the program. */
#include "runtime/pjrt/client.h"
#include "runtime/pjrt/proto.h"

#include <stdlib.h>

mdl_pjrt_status mdl_pjrt_optimised(mdl_pjrt *pjrt, PJRT_Executable *executable, char **bytes,
                                   size_t *length)
{
  MDL_PJRT_ARGS(Executable_OptimizedProgram, get);
  PJRT_Program program;
  mdl_pjrt_status status;
  *bytes = NULL;
  *length = 0;
  if (!mdl_pjrt_can(pjrt, MDL_PJRT_CALL_Executable_OptimizedProgram)) return MDL_PJRT_OK;
  memset(&program, 0, sizeof program);
  program.struct_size = PJRT_Program_STRUCT_SIZE;
  get.executable = executable;
  get.program = &program;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Executable_OptimizedProgram(&get), MDL_PJRT_PROGRAM,
                         "the optimised program");
  if (status || !program.code_size) return MDL_PJRT_OK; /* a plugin may keep it to itself */
  program.code = malloc(program.code_size);
  if (!program.code) return mdl_pjrt_no_memory(pjrt);
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Executable_OptimizedProgram(&get), MDL_PJRT_PROGRAM,
                         "the optimised program");
  if (status) {
    free(program.code);
    return MDL_PJRT_OK;
  }
  *bytes = program.code;
  *length = program.code_size;
  return MDL_PJRT_OK;
}

/* ---- what is said of it ---- */

static mdl_pjrt_status memory(mdl_pjrt *pjrt, PJRT_Executable *executable, mdl_pjrt_report *report)
{
  MDL_PJRT_ARGS(Executable_GetCompiledMemoryStats, get);
  mdl_pjrt_status status;
  get.executable = executable;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Executable_GetCompiledMemoryStats(&get),
                         MDL_PJRT_PROGRAM, "memory of the program");
  report->code_bytes = get.generated_code_size_in_bytes;
  report->argument_bytes = get.argument_size_in_bytes;
  report->result_bytes = get.output_size_in_bytes;
  report->alias_bytes = get.alias_size_in_bytes;
  report->temporary_bytes = get.temp_size_in_bytes;
  report->peak_bytes = get.peak_memory_in_bytes;
  return status;
}

/* -1 where the plugin does not count. */
static double flops_of(mdl_pjrt *pjrt, PJRT_Executable *executable)
{
  static const char wanted[] = "flops";
  MDL_PJRT_ARGS(Executable_GetCostAnalysis, get);
  size_t i;
  if (!mdl_pjrt_can(pjrt, MDL_PJRT_CALL_Executable_GetCostAnalysis)) return -1;
  get.executable = executable;
  if (mdl_pjrt_took(pjrt, pjrt->api->PJRT_Executable_GetCostAnalysis(&get), MDL_PJRT_PROGRAM,
                    "cost of the program"))
    return -1;
  for (i = 0; i < get.num_properties; i++) {
    const PJRT_NamedValue *value = &get.properties[i];
    if (value->name_size == sizeof wanted - 1 && !memcmp(value->name, wanted, sizeof wanted - 1))
      return value->type == PJRT_NamedValue_kFloat   ? (double)value->float_value
             : value->type == PJRT_NamedValue_kInt64 ? (double)value->int64_value
                                                     : -1;
  }
  return -1;
}

static mdl_pjrt_status report_on(mdl_pjrt *pjrt, PJRT_Executable *executable, int want_hlo,
                                 mdl_pjrt_report *report)
{
  char *bytes;
  size_t length;
  mdl_pjrt_status status = memory(pjrt, executable, report);
  if (status) return status;
  report->flops = flops_of(pjrt, executable);
  status = mdl_pjrt_optimised(pjrt, executable, &bytes, &length);
  if (status || !bytes) return status;
  report->fusions = mdl_hlo_count(mdl_hlo_module(bytes, length), "fusion");
  if (want_hlo) report->hlo = mdl_hlo_text(mdl_hlo_module(bytes, length));
  free(bytes);
  return want_hlo && !report->hlo ? mdl_pjrt_no_memory(pjrt) : MDL_PJRT_OK;
}

void mdl_pjrt_report_free(mdl_pjrt_report *report)
{
  free(report->hlo);
  report->hlo = NULL;
}

/* ---- for a topology ---- */

/* "v5e:1x1": every axis is 1. */
static int is_one_chip(const char *topology)
{
  const char *at = strchr(topology, ':');
  while (at && at[1] == '1' && (at[2] == 'x' || !at[2])) {
    if (!at[2]) return 1;
    at += 2;
  }
  return 0;
}

/* Hosts of TPUs have four chips, libtpu says, unless it is told that this one has one. */
static void one_chip(PJRT_NamedValue *bounds)
{
  static const char name[] = "chips_per_host_bounds";
  static const int64_t ones[] = {1, 1, 1};
  memset(bounds, 0, sizeof *bounds);
  bounds->struct_size = PJRT_NamedValue_STRUCT_SIZE;
  bounds->name = name;
  bounds->name_size = sizeof name - 1;
  bounds->type = PJRT_NamedValue_kInt64List;
  bounds->int64_array_value = ones;
  bounds->value_size = 3;
}

static mdl_pjrt_status open_topology(mdl_pjrt *pjrt, const char *name,
                                     PJRT_TopologyDescription **topology)
{
  MDL_PJRT_ARGS(TopologyDescription_Create, create);
  PJRT_NamedValue bounds;
  mdl_pjrt_status status;
  one_chip(&bounds);
  create.create_options = &bounds;
  create.num_options = (size_t)is_one_chip(name);
  create.topology_name = name;
  create.topology_name_size = strlen(name);
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_TopologyDescription_Create(&create),
                         MDL_PJRT_TOPOLOGY, name);
  if (status) pjrt->help = "v5e:2x2 is one: the generation, then the chips along each axis";
  *topology = create.topology;
  return status;
}

static mdl_pjrt_status compile_for(mdl_pjrt *pjrt, const mdl_pjrt_source *source,
                                   PJRT_TopologyDescription *topology, PJRT_Executable **executable)
{
  MDL_PJRT_ARGS(Compile, compile);
  mdl_pjrt_options options;
  PJRT_Program program;
  mdl_pjrt_status status;
  mdl_pjrt_options_make(&options, 0);
  mdl_pjrt_program_of(source, &program);
  compile.topology = topology;
  compile.program = &program;
  compile.compile_options = (const char *)options.bytes;
  compile.compile_options_size = options.length;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Compile(&compile), MDL_PJRT_PROGRAM,
                         "the plugin does not take the program");
  *executable = compile.executable;
  return status;
}

mdl_pjrt_status mdl_pjrt_check(mdl_pjrt *pjrt, const mdl_pjrt_source *source, const char *topology,
                               int want_hlo, mdl_pjrt_report *report)
{
  MDL_PJRT_ARGS(TopologyDescription_Destroy, destroy);
  PJRT_Executable *executable = NULL;
  mdl_pjrt_status status;
  memset(report, 0, sizeof *report);
  report->fusions = -1;
  report->flops = -1;
  if (!pjrt->api)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_START, "call mdl_pjrt_load", "no plugin is loaded");
  status = mdl_pjrt_can_check(pjrt);
  if (!status) status = open_topology(pjrt, topology, &destroy.topology);
  if (status) return status;
  status = compile_for(pjrt, source, destroy.topology, &executable);
  if (!status) status = mdl_pjrt_interface_check(pjrt, executable, source->io);
  if (!status) status = report_on(pjrt, executable, want_hlo, report);
  if (executable) mdl_pjrt_executable_destroy(pjrt, executable);
  mdl_pjrt_took(pjrt, pjrt->api->PJRT_TopologyDescription_Destroy(&destroy), MDL_PJRT_RUN,
                "destroy");
  return status;
}
