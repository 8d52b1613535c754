/* A PJRT plugin that can do nothing right: each FAULT_ of tests.cmake makes one library of it. */
#include <pjrt_c_api.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const PJRT_Api *GetPjrtApi(void);

static char one_error, one_client, one_topology;

static PJRT_Error *error(void) { return (PJRT_Error *)(void *)&one_error; }

static void error_destroy(PJRT_Error_Destroy_Args *args) { (void)args; }

static void error_message(PJRT_Error_Message_Args *args)
{
#ifdef FAULT_says_where
  static const char text[] =
      "checks.mdl:5:3: error: 'stablehlo.sqrt' op is too square\n"
      "checks.mdl:5:3: note: see current operation: %0 = \"stablehlo.sqrt\"(%arg0)\n"
      "<unknown>:0: error: Failed to parse using StableHLO v1.0.0, this could indicate anything\n";
#elif defined FAULT_says_line
  static const char text[] =
      "during context [post-layout]: Binary op and with different element types.\n"
      "\t, for instruction %and.17 = and(%a, %b), metadata={source_file=\"checks.mdl\" "
      "source_line=5 source_end_line=5 source_column=8 source_end_column=9}\n\t\n\n"
      "Suspected Python Code Location:\n  checks.mdl:5\n    sqrt(x)\n";
#else
  static const char text[] = "the fake says no";
#endif
  args->message = text;
  args->message_size = strlen(text);
}

static PJRT_Error *initialize(PJRT_Plugin_Initialize_Args *args)
{
  (void)args;
#ifdef FAULT_no_start
  return error();
#endif
  return NULL;
}

static PJRT_Error *client_create(PJRT_Client_Create_Args *args)
{
#ifdef FAULT_no_client
  return error();
#endif
  args->client = (PJRT_Client *)(void *)&one_client;
  return NULL;
}

static PJRT_Error *client_destroy(PJRT_Client_Destroy_Args *args) { return (void)args, NULL; }

static PJRT_Error *devices(PJRT_Client_AddressableDevices_Args *args)
{
  args->addressable_devices = NULL;
  args->num_addressable_devices = 0;
  return NULL;
}

static PJRT_Error *topology(PJRT_TopologyDescription_Create_Args *args)
{
  if (args->topology_name_size == 7 && !memcmp(args->topology_name, "nowhere", 7)) return error();
  args->topology = (PJRT_TopologyDescription *)(void *)&one_topology;
  return NULL;
}

static PJRT_Error *topology_destroy(PJRT_TopologyDescription_Destroy_Args *args)
{
  return (void)args, NULL;
}

static PJRT_Error *compile(PJRT_Compile_Args *args)
{
  (void)args;
#if defined FAULT_hangs
  for (;;) sleep(1000);
#elif defined FAULT_crashes
  raise(SIGABRT); /* a sanitizer would catch SIGSEGV */
#elif defined FAULT_exits
  _exit(0);
#endif
  return error();
}

/* Never called: it stands for what must only be there. */
static PJRT_Error *other(void *args)
{
  (void)args;
  fputs("the fake was asked for more than it is for\n", stderr);
  abort();
}

#define OTHER(call) api.PJRT_##call = (PJRT_##call *)other

const PJRT_Api *GetPjrtApi(void)
{
  static PJRT_Api api;
#ifdef FAULT_no_table
  return NULL;
#endif
  api.struct_size = PJRT_Api_STRUCT_SIZE;
  api.pjrt_api_version.struct_size = PJRT_Api_Version_STRUCT_SIZE;
  api.pjrt_api_version.major_version = PJRT_API_MAJOR;
  api.pjrt_api_version.minor_version = PJRT_API_MINOR;
  api.PJRT_Error_Destroy = error_destroy;
  api.PJRT_Error_Message = error_message;
  api.PJRT_Plugin_Initialize = initialize;
  api.PJRT_Client_Create = client_create;
  api.PJRT_Client_Destroy = client_destroy;
  api.PJRT_Client_AddressableDevices = devices;
  api.PJRT_TopologyDescription_Create = topology;
  api.PJRT_TopologyDescription_Destroy = topology_destroy;
  api.PJRT_Compile = compile;
  OTHER(Event_Destroy), OTHER(Event_Await), OTHER(Client_PlatformName), OTHER(Client_Compile);
  OTHER(Client_BufferFromHostBuffer), OTHER(Executable_Destroy), OTHER(Executable_NumOutputs);
  OTHER(Executable_OutputElementTypes), OTHER(Executable_OutputDimensions);
  OTHER(LoadedExecutable_Destroy), OTHER(LoadedExecutable_GetExecutable);
  OTHER(LoadedExecutable_Execute), OTHER(Buffer_Destroy), OTHER(Buffer_ToHostBuffer);
  OTHER(Executable_GetCompiledMemoryStats);
#ifdef FAULT_wrong_major
  api.pjrt_api_version.major_version = PJRT_API_MAJOR + 1;
#endif
#ifdef FAULT_short_table
  api.struct_size = 8;
#endif
#ifdef FAULT_old
  api.struct_size = offsetof(PJRT_Api, PJRT_Client_Compile);
  api.pjrt_api_version.minor_version = 3;
#endif
#ifdef FAULT_hole
  api.PJRT_Client_Compile = NULL;
#endif
#ifdef FAULT_only_runs
  api.struct_size = offsetof(PJRT_Api, PJRT_Executable_GetCompiledMemoryStats);
#endif
  return &api;
}
