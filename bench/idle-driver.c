// A Vulkan driver that answers as another one does, but compiles no compute program and runs none: for counting what a step starts.
//   IDLE_DRIVER  the driver that answers
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { INITIALIZATION_FAILED = -3 };
typedef void (*Function)(void);
typedef Function (*GetAddress)(void *, const char *);

static void *driver;
static GetAddress instanceAddress, deviceAddress;

static Function find(const char *name) {
  if (driver == NULL) driver = dlopen(getenv("IDLE_DRIVER"), RTLD_NOW | RTLD_LOCAL);
  return driver == NULL ? NULL : (Function)dlsym(driver, name);
}

static int createNothing(void *device, uint64_t cache, uint32_t count, const void *wanted, const void *allocator,
                         uint64_t *pipelines) {
  static uint64_t last;
  for (uint32_t place = 0; place < count; place++) pipelines[place] = ++last;
  return 0;
}

static void bindNothing(void *commands, int point, uint64_t pipeline) {}
static void destroyNothing(void *device, uint64_t pipeline, const void *allocator) {}
static void startNothing(void *commands, uint32_t x, uint32_t y, uint32_t z) {}

static Function deviceFunction(void *device, const char *name);

static Function replace(const char *name, Function found) {
  if (found == NULL) return NULL;
  if (strcmp(name, "vkCreateComputePipelines") == 0) return (Function)createNothing;
  if (strcmp(name, "vkCmdBindPipeline") == 0) return (Function)bindNothing;
  if (strcmp(name, "vkDestroyPipeline") == 0) return (Function)destroyNothing;
  if (strcmp(name, "vkCmdDispatch") == 0) return (Function)startNothing;
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return deviceAddress = (GetAddress)found, (Function)deviceFunction;
  return found;
}

static Function deviceFunction(void *device, const char *name) { return replace(name, deviceAddress(device, name)); }

Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  if (instanceAddress == NULL) instanceAddress = (GetAddress)find("vk_icdGetInstanceProcAddr");
  return instanceAddress == NULL ? NULL : replace(name, instanceAddress(instance, name));
}

Function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) {
  GetAddress address = (GetAddress)find("vk_icdGetPhysicalDeviceProcAddr");
  return address == NULL ? NULL : address(instance, name);
}

int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  int (*negotiate)(uint32_t *) = (void *)find("vk_icdNegotiateLoaderICDInterfaceVersion");
  return negotiate == NULL ? INITIALIZATION_FAILED : negotiate(version);
}
