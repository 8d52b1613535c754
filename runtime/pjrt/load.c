/* A plugin in this process: loaded, checked before it is believed, set up. */
#include "runtime/pjrt/client.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef const PJRT_Api *get_api(void);

mdl_pjrt *mdl_pjrt_create(void) { return calloc(1, sizeof(mdl_pjrt)); }

void mdl_pjrt_destroy(mdl_pjrt *pjrt)
{
  if (!pjrt) return;
  if (pjrt->client) {
    MDL_PJRT_ARGS(Client_Destroy, destroy);
    destroy.client = pjrt->client;
    mdl_pjrt_took(pjrt, pjrt->api->PJRT_Client_Destroy(&destroy), MDL_PJRT_RUN, "");
  }
  free(pjrt->path);
  free(pjrt->platform);
  free(pjrt->error);
  free(pjrt);
}

const char *mdl_pjrt_platform(const mdl_pjrt *pjrt) { return pjrt->platform; }
const char *mdl_pjrt_version(const mdl_pjrt *pjrt) { return pjrt->version; }

/* ---- what it can ---- */

typedef enum { need_run, need_check, need_more } call_need;

static const struct {
  const char *name;
  size_t offset;
  call_need need;
} calls[MDL_PJRT_CALLS] = {
#define CALL(name, need) {"PJRT_" #name, offsetof(PJRT_Api, PJRT_##name), need_##need},
#include "runtime/pjrt/calls.def"
};

static int has_call(const PJRT_Api *api, size_t offset)
{
  void (*call)(void) = NULL;
  if (api->struct_size < offset + sizeof call) return 0;
  memcpy(&call, (const char *)api + offset, sizeof call);
  return call != NULL;
}

int mdl_pjrt_can(const mdl_pjrt *pjrt, mdl_pjrt_call call)
{
  return has_call(pjrt->api, calls[call].offset);
}

static mdl_pjrt_status lacks(mdl_pjrt *pjrt, const char *path, const char *call)
{
  return mdl_pjrt_fail(pjrt, MDL_PJRT_VERSION, "take a newer release of the plugin",
                       "%s has no %s: it speaks PJRT %s, this runtime %d.%d", path, call,
                       pjrt->version, PJRT_API_MAJOR, PJRT_API_MINOR);
}

static mdl_pjrt_status check_calls(mdl_pjrt *pjrt, const char *path, const PJRT_Api *api,
                                   call_need need)
{
  int i;
  for (i = 0; i < MDL_PJRT_CALLS; i++)
    if (calls[i].need == need && !has_call(api, calls[i].offset))
      return lacks(pjrt, path, calls[i].name);
  return MDL_PJRT_OK;
}

mdl_pjrt_status mdl_pjrt_can_check(mdl_pjrt *pjrt)
{
  return check_calls(pjrt, pjrt->path, pjrt->api, need_check);
}

/* Its version, then the table of its functions: nothing of it is called before. */
static mdl_pjrt_status check_api(mdl_pjrt *pjrt, const char *path, const PJRT_Api *api)
{
  const size_t most = offsetof(PJRT_Api, PJRT_Error_Destroy);
  if (!api || api->struct_size < most)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_NO_PLUGIN, "name a plugin, such as xla_cpu_pjrt.so",
                         "%s is no PJRT plugin: GetPjrtApi gives no table of functions", path);
  sprintf(pjrt->version, "%d.%d", api->pjrt_api_version.major_version,
          api->pjrt_api_version.minor_version);
  if (api->pjrt_api_version.major_version != PJRT_API_MAJOR)
    return mdl_pjrt_fail(
        pjrt, MDL_PJRT_VERSION,
        "take a plugin of that version, or build this runtime with the plugin's own "
        "pjrt_c_api.h",
        "%s speaks PJRT %s, this runtime %d.%d", path, pjrt->version, PJRT_API_MAJOR,
        PJRT_API_MINOR);
  return check_calls(pjrt, path, api, need_run);
}

/* ---- loading ---- */

static mdl_pjrt_status find_api(mdl_pjrt *pjrt, const char *path, const PJRT_Api **api)
{
  void *library = *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL; /* "" is this program */
  void *symbol = library ? dlsym(library, "GetPjrtApi") : NULL;
  get_api *get;
  if (!library) {
    const char *why = *path ? dlerror() : "it has no name";
    size_t length = strlen(path);
    if (why && *path && !strncmp(why, path, length) && !strncmp(why + length, ": ", 2))
      why += length + 2;
    return mdl_pjrt_fail(pjrt, MDL_PJRT_NO_FILE,
                         "`pip install xla-cpu-pjrt` has xla_cpu_pjrt.so, `pip install libtpu` has "
                         "libtpu.so",
                         "cannot load `%s`: %s", path, why ? why : "no reason given");
  }
  if (!symbol) {
    dlclose(library);
    return mdl_pjrt_fail(pjrt, MDL_PJRT_NO_PLUGIN, "name a plugin, such as xla_cpu_pjrt.so",
                         "%s is no PJRT plugin: it has no GetPjrtApi", path);
  }
  memcpy(&get, &symbol, sizeof get); /* C has no cast from an object to a function */
  *api = get();
  return MDL_PJRT_OK;
}

mdl_pjrt_status mdl_pjrt_load(mdl_pjrt *pjrt, const char *path)
{
  MDL_PJRT_ARGS(Plugin_Initialize, initialise);
  const PJRT_Api *api = NULL;
  mdl_pjrt_status status;
  if (pjrt->api)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_NO_PLUGIN, "create another mdl_pjrt",
                         "%s is loaded already", pjrt->path);
  status = find_api(pjrt, path, &api);
  if (!status) status = check_api(pjrt, path, api);
  if (status) return status;
  pjrt->path = malloc(strlen(path) + 1);
  if (!pjrt->path) return mdl_pjrt_no_memory(pjrt);
  strcpy(pjrt->path, path);
  pjrt->api = api;
  status = mdl_pjrt_took(pjrt, api->PJRT_Plugin_Initialize(&initialise), MDL_PJRT_START, path);
  if (status) pjrt->api = NULL;
  return status;
}

static mdl_pjrt_status name_platform(mdl_pjrt *pjrt)
{
  MDL_PJRT_ARGS(Client_PlatformName, name);
  mdl_pjrt_status status;
  name.client = pjrt->client;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Client_PlatformName(&name), MDL_PJRT_START,
                         "the platform's name");
  if (status) return status;
  pjrt->platform = malloc(name.platform_name_size + 1);
  if (!pjrt->platform) return mdl_pjrt_no_memory(pjrt);
  memcpy(pjrt->platform, name.platform_name, name.platform_name_size);
  pjrt->platform[name.platform_name_size] = 0;
  return MDL_PJRT_OK;
}

mdl_pjrt_status mdl_pjrt_start(mdl_pjrt *pjrt)
{
  MDL_PJRT_ARGS(Client_Create, create);
  MDL_PJRT_ARGS(Client_AddressableDevices, devices);
  mdl_pjrt_status status;
  if (!pjrt->api)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_START, "call mdl_pjrt_load", "no plugin is loaded");
  if (pjrt->client) return MDL_PJRT_OK;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Client_Create(&create), MDL_PJRT_START, pjrt->path);
  if (status) {
    pjrt->help = "is the machine there that the plugin is for?";
    return status;
  }
  pjrt->client = devices.client = create.client;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Client_AddressableDevices(&devices), MDL_PJRT_START,
                         pjrt->path);
  if (status) return status;
  if (!devices.num_addressable_devices)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_START, "is the machine there that the plugin is for?",
                         "%s finds no device", pjrt->path);
  pjrt->device = devices.addressable_devices[0];
  return name_platform(pjrt);
}
