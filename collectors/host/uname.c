/* The part "uname": what the dashboards find a host by. */
#include <sys/utsname.h>

#include "collectors/host/host.h"

static const struct family info = {"node_uname_info", "Labeled system information as provided by the uname system call.",
                                   METRIC_GAUGE, "domainname,machine,nodename,release,sysname,version", false};

static bool collect(void *state UNUSED, struct host *h UNUSED, struct section *s, struct fail *f) {
  struct utsname u;
  if (uname(&u) < 0) return fail_errno(f, "asking the kernel for its name");
  section_add(s, &info,
              section_label_pairs(s, "domainname", u.domainname, "machine", u.machine, "nodename", u.nodename, "release", u.release,
                                  "sysname", u.sysname, "version", u.version, NULL),
              1);
  return true;
}

const struct host_part host_part_uname = {.families = &info, .family_count = 1, .collect = collect};
