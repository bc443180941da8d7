/* Loading a plugin: a shared object of the configured folder, its one symbol, and the promise of its ABI numbers and sizes. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"

enum { MOST_LISTED = 32, LONGEST_PLUGIN = 16, MOST_PROTOCOLS = 64 };

static bool is_name(const char *text) {
    size_t len = strlen(text);
    return len > 0 && len <= LONGEST_PLUGIN && text[0] != '-' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

/* "anpr, code, gpio": the plugins of a folder, for the error. */
static void list_plugins(const char *dir, struct gl_buf *out) {
    char names[MOST_LISTED][LONGEST_PLUGIN + 1];
    size_t n = 0;
    DIR *d = opendir(dir);
    if (!d) return;
    for (struct dirent *e = readdir(d); e && n < MOST_LISTED; e = readdir(d)) {
        size_t len = strlen(e->d_name);
        if (len > 3 && strcmp(e->d_name + len - 3, ".so") == 0 && gl_copyn(names[n], sizeof names[n], e->d_name, len - 3) == 0 &&
            is_name(names[n]))
            n++;
    }
    closedir(d);
    qsort(names, n, sizeof names[0], by_name);
    for (size_t i = 0; i < n; i++) gl_buf_printf(out, "%s%s", i > 0 ? ", " : "", names[i]);
}

static int missing(const char *dir, const char *name, struct gl_error *err) {
    GL_CLEANUP(gl_buf_free) struct gl_buf list = GL_BUF(1024);
    struct stat st;
    if (stat(dir, &st) < 0) return gl_fail(err, -ENOENT, "no plugin '%s': the folder %s: %s", name, dir, strerror(errno));
    list_plugins(dir, &list);
    if (list.len > 0) return gl_fail(err, -ENOENT, "no plugin '%s'; there are: %s", name, list.data);
    return gl_fail(err, -ENOENT, "no plugin '%s', and no other in %s", name, dir);
}

/* Every name that a table gives must fit where its value will be kept. */
static bool settings_fit(const struct gl_setting *s, size_t n) {
    const struct gl_setting_value *v = NULL;
    if (n > GL_MAX_SETTINGS || (n > 0 && !s)) return false;
    for (size_t i = 0; i < n; i++) {
        if (!s[i].name || strlen(s[i].name) >= sizeof v->name) return false;
        if (s[i].preset && strlen(s[i].preset) >= sizeof v->text) return false;
        if (s[i].type == GL_SET_CHOICE && !s[i].choices) return false;
    }
    return true;
}

static int check_protocols(const struct gl_plugin *p, struct gl_error *err) {
    for (size_t i = 0; p->protocols && p->protocols[i]; i++) {
        const struct gl_protocol *q = p->protocols[i];
        if (i >= MOST_PROTOCOLS) return gl_fail(err, -ENOEXEC, "plugin '%s': more than %d protocols", p->name, MOST_PROTOCOLS);
        if (q->abi != GL_PROTOCOL_ABI || q->size != sizeof *q)
            return gl_fail(err, -ENOEXEC,
                           "plugin '%s': its protocol %zu was built for another Greenlane (ABI %u, here %d); build it anew",
                           p->name, i + 1, q->abi, GL_PROTOCOL_ABI);
        if (!q->name || !is_name(q->name) || !q->open || !q->begin || !q->bytes || !q->end ||
            !settings_fit(q->settings, q->n_settings))
            return gl_fail(err, -ENOEXEC, "plugin '%s': its protocol %zu is incomplete", p->name, i + 1);
    }
    return 0;
}

static int check_plugin(const struct gl_plugin *p, const char *name, struct gl_error *err) {
    if (p->abi != GL_PLUGIN_ABI || p->size != sizeof *p)
        return gl_fail(err, -ENOEXEC, "plugin '%s' was built for another Greenlane (ABI %u, here %d); build it anew", name, p->abi,
                       GL_PLUGIN_ABI);
    if (!p->name || strcmp(p->name, name) != 0)
        return gl_fail(err, -ENOEXEC, "%s.so holds the plugin '%s'; name the file after it", name, p->name ? p->name : "");
    if (!settings_fit(p->settings, p->n_settings)) return gl_fail(err, -ENOEXEC, "plugin '%s': its settings are incomplete", name);
    return check_protocols(p, err);
}

int gl_plugin_load(const char *dir, const char *name, const struct gl_plugin **ret, struct gl_error *err) {
    char path[GL_PATH + LONGEST_PLUGIN + 8];
    struct stat st;
    if (!is_name(name)) return gl_fail(err, -EINVAL, "'%.40s' is no name of a plugin", name);
    if (strlen(dir) >= GL_PATH) return gl_fail(err, -ENAMETOOLONG, "the path of the plugins is too long");
    gl_format(path, sizeof path, "%s/%s.so", dir, name);
    if (stat(path, &st) < 0) return missing(dir, name, err);
    if (!S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH))
        return gl_fail(err, -EPERM, "%s: no ordinary file, or others may write it", path);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) return gl_fail(err, -ENOEXEC, "cannot load plugin '%s': %s", name, dlerror());
    const struct gl_plugin *p = dlsym(handle, "gl_plugin");
    int rc = p ? check_plugin(p, name, err) : gl_fail(err, -ENOEXEC, "%s is no plugin: it has no symbol gl_plugin", path);
    if (rc < 0) {
        dlclose(handle);
        return rc;
    }
    *ret = p;
    return 0;
}

const struct gl_protocol *gl_plugin_protocol(const struct gl_plugin *p, const char *name) {
    if (!p->protocols) return NULL;
    for (size_t i = 0; p->protocols[i]; i++)
        if (name[0] == '\0' || strcmp(p->protocols[i]->name, name) == 0) return p->protocols[i];
    return NULL;
}
