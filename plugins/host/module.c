/* Loading a module: a shared object of the plugins' folder modules/, its one symbol, and the promise of its ABI number and size. */
#include "module.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

int gl_module_load(const char *folder, const char *name, const struct gl_module **ret, struct gl_error *err) {
    char path[GL_PATH + 64];
    struct stat st;
    gl_format(path, sizeof path, "%s/modules/%s.so", folder, name);
    if (stat(path, &st) < 0) return gl_fail(err, -ENOENT, "cannot load %s: %s; this protocol needs it", path, strerror(errno));
    if (!S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH))
        return gl_fail(err, -EPERM, "%s: no ordinary file, or others may write it", path);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return gl_fail(err, -ENOEXEC, "cannot load module '%s': %s", name, dlerror());
    const struct gl_module *m = dlsym(handle, "gl_module");
    if (m && m->abi == GL_MODULE_ABI && m->size == sizeof *m && strcmp(m->name, name) == 0) {
        *ret = m;
        return 0;
    }
    dlclose(handle);
    return gl_fail(err, -ENOEXEC, "%s is no module '%s' of this Greenlane; build it anew", path, name);
}
