/* The keys of a host target as rows. The defaults of the filters are node_exporter's own, so that the same series appear: among them that
 * no network device is left out. */
#include "collectors/host/options.h"

#define FIELD(name) offsetof(struct host_options, name)

static const struct option roots[] = {
    {.name = "procfs",
     .type = OPTION_PATH,
     .fallback = "/proc",
     .offset = FIELD(procfs),
     .help = "Where the host's /proc is mounted."},
    {.name = "sysfs", .type = OPTION_PATH, .fallback = "/sys", .offset = FIELD(sysfs), .help = "Where the host's /sys is mounted."},
    {.name = "rootfs",
     .type = OPTION_PATH,
     .fallback = "/",
     .offset = FIELD(rootfs),
     .help = "Where the host's root is mounted; in a container for example /host. Mount points are shown as the host sees them."},
    {0}};

const struct option host_options[] = {
    {.name = "host", .type = OPTION_MAP, .sub = roots, .help = "This machine; {} for the usual places of /proc, /sys and /."}, {0}};

const struct option filesystem_options[] = {
    {.name = "mount_exclude",
     .type = OPTION_REGEX,
     .fallback = "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
     .offset = FIELD(mount_exclude),
     .help = "Mount points in which this is found are left out."},
    {.name = "type_exclude",
     .type = OPTION_REGEX,
     .fallback =
         "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay|proc|"
         "procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|erofs|sysfs|tracefs)$",
     .offset = FIELD(type_exclude),
     .help = "Types of file system in which this is found are left out."},
    {0}};

const struct option diskstats_options[] = {
    {.name = "exclude",
     .type = OPTION_REGEX,
     .fallback = "^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
     .offset = FIELD(disk_exclude),
     .help = "Block devices in whose name this is found are left out; by default partitions, loop and RAM disks."},
    {0}};

const struct option netdev_options[] = {
    {.name = "exclude",
     .type = OPTION_REGEX,
     .offset = FIELD(network_exclude),
     .help =
         "Network devices in whose name this is found are left out, for example ^(veth|cali|lo$) on a machine with containers."},
    {0}};
