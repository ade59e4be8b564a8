// The loader's protocol of a Vulkan driver that answers as another one does. What includes it defines `replace`, which may put a
// function of its own in the place of one that was found.
//   FORWARDED_DRIVER  the driver that answers
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { INITIALIZATION_FAILED = -3 };
typedef void (*Function)(void);
typedef Function (*GetAddress)(void *, const char *);

static void *driver;
static GetAddress instanceAddress, deviceAddress;

static Function replace(const char *name, Function found);

static Function find(const char *name) {
  if (driver == NULL) driver = dlopen(getenv("FORWARDED_DRIVER"), RTLD_NOW | RTLD_LOCAL);
  return driver == NULL ? NULL : (Function)dlsym(driver, name);
}

static Function deviceFunction(void *device, const char *name);

static Function forward(const char *name, Function found) {
  if (found == NULL) return NULL;
  if (strcmp(name, "vkGetDeviceProcAddr") == 0) return deviceAddress = (GetAddress)found, (Function)deviceFunction;
  return replace(name, found);
}

static Function deviceFunction(void *device, const char *name) { return forward(name, deviceAddress(device, name)); }

Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  if (instanceAddress == NULL) instanceAddress = (GetAddress)find("vk_icdGetInstanceProcAddr");
  return instanceAddress == NULL ? NULL : forward(name, instanceAddress(instance, name));
}

Function vk_icdGetPhysicalDeviceProcAddr(void *instance, const char *name) {
  GetAddress address = (GetAddress)find("vk_icdGetPhysicalDeviceProcAddr");
  return address == NULL ? NULL : address(instance, name);
}

int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  int (*negotiate)(uint32_t *) = (void *)find("vk_icdNegotiateLoaderICDInterfaceVersion");
  return negotiate == NULL ? INITIALIZATION_FAILED : negotiate(version);
}
