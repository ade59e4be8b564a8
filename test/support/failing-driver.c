// A Vulkan driver that answers as another one does, until it is told to fail as a graphics processor may.
//   FAILING_DRIVER  the driver that answers
//   LOSE_AT         a file: once it exists, the device is lost
//   MEMORY_LIMIT    bytes of device memory that there are
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUT_OF_DEVICE_MEMORY = -2, DEVICE_LOST = -4, MOST_ALLOCATIONS = 65536 };
typedef void (*Function)(void);
typedef Function (*GetAddress)(void *, const char *);

/** The beginning of VkMemoryAllocateInfo. */
struct Wanted {
  int32_t type;
  const void *next;
  uint64_t size;
};

static void *driver;
static GetAddress instanceAddress, deviceAddress;
static int (*submit)(void *, uint32_t, const void *, uint64_t);
static int (*allocate)(void *, const struct Wanted *, const void *, uint64_t *);
static void (*release)(void *, uint64_t, const void *);
static struct { uint64_t memory, size; } held[MOST_ALLOCATIONS];
static uint64_t total;

static Function find(const char *name) {
  if (driver == NULL) driver = dlopen(getenv("FAILING_DRIVER"), RTLD_NOW | RTLD_LOCAL);
  return driver == NULL ? NULL : (Function)dlsym(driver, name);
}

static int submitOrLose(void *queue, uint32_t count, const void *batches, uint64_t fence) {
  const char *sign = getenv("LOSE_AT");
  return sign != NULL && access(sign, F_OK) == 0 ? DEVICE_LOST : submit(queue, count, batches, fence);
}

static int allocateWithin(void *device, const struct Wanted *wanted, const void *allocator, uint64_t *memory) {
  const char *limit = getenv("MEMORY_LIMIT");
  if (limit != NULL && total + wanted->size > strtoull(limit, NULL, 10)) return OUT_OF_DEVICE_MEMORY;
  int result = allocate(device, wanted, allocator, memory);
  for (int place = 0; result == 0 && place < MOST_ALLOCATIONS; place++) {
    if (held[place].memory != 0) continue;
    held[place].memory = *memory;
    total += held[place].size = wanted->size;
    break;
  }
  return result;
}

static void releaseHeld(void *device, uint64_t memory, const void *allocator) {
  for (int place = 0; memory != 0 && place < MOST_ALLOCATIONS; place++) {
    if (held[place].memory != memory) continue;
    total -= held[place].size;
    held[place].memory = 0;
    break;
  }
  release(device, memory, allocator);
}

static Function deviceFunction(void *device, const char *name);

static Function replace(const char *name, Function found) {
  if (found == NULL) return NULL;
  if (strcmp(name, "vkQueueSubmit") == 0) return submit = (void *)found, (Function)submitOrLose;
  if (strcmp(name, "vkAllocateMemory") == 0) return allocate = (void *)found, (Function)allocateWithin;
  if (strcmp(name, "vkFreeMemory") == 0) return release = (void *)found, (Function)releaseHeld;
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
  return negotiate == NULL ? DEVICE_LOST : negotiate(version);
}
