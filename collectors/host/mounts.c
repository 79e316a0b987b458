/* The parser of mountinfo, see collectors/host/mounts.h. The fields of
 *   27 1 254:0 / /srv/my\040data rw,relatime shared:1 - ext4 /dev/vda rw,discard
 * stand one blank apart; one may be empty (a device without a name), so that blanks may not be skipped in runs. */
#include "collectors/host/mounts.h"

#include "base/number.h"

static bool next_field(struct slice *rest, struct slice *ret) {
  if (rest->at > rest->end) return false;
  const char *blank = rest->at < rest->end ? memchr(rest->at, ' ', slice_length(*rest)) : NULL;
  *ret = (struct slice){rest->at, blank ? blank : rest->end};
  rest->at = ret->end + 1;
  return true;
}

static bool has_option(struct slice options, const char *name) {
  struct slice option = {options.at, options.at};
  for (const char *p = options.at; p <= options.end; p++) {
    if (p < options.end && *p != ',') continue;
    option.end = p;
    if (slice_is(option, name)) return true;
    option.at = p + 1;
  }
  return false;
}

static bool is_octal(const char *p) {
  return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' && p[2] <= '7';
}

/* The kernel writes blanks, newlines and backslashes as \ooo. */
static const char *decode(struct slice field, struct arena *a) {
  char *text = arena_copy_bytes(a, field.at, slice_length(field)), *to = text;
  for (const char *p = text, *end = text + slice_length(field); p < end; p++) {
    if (*p == '\\' && end - p > 3 && is_octal(p + 1)) {
      *to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
      p += 3;
    } else {
      *to++ = *p;
    }
  }
  *to = 0;
  return text;
}

static bool parse_device_number(struct slice field, struct mount *m) {
  return number_scan(&field.at, field.end, &m->major) && field.at < field.end && *field.at++ == ':' &&
         number_scan(&field.at, field.end, &m->minor);
}

/* Skips the optional fields, whose number varies, and the "-" that ends them. */
static bool skip_optional(struct slice *rest) {
  struct slice field;
  while (next_field(rest, &field))
    if (slice_is(field, "-")) return true;
  return false;
}

bool mount_parse(struct slice line, struct arena *a, struct mount *ret) {
  struct slice id, parent, number, root, point, options, type, device, super_options;
  if (!next_field(&line, &id) || !number_scan(&id.at, id.end, &ret->id)) return false;
  if (!next_field(&line, &parent) || !next_field(&line, &number) || !parse_device_number(number, ret)) return false;
  if (!next_field(&line, &root) || !next_field(&line, &point) || !next_field(&line, &options) || !skip_optional(&line))
    return false;
  if (!next_field(&line, &type) || !next_field(&line, &device) || !next_field(&line, &super_options)) return false;
  if (point.at == point.end || *point.at != '/') return false;
  ret->point = decode(point, a);
  ret->device = arena_copy_bytes(a, device.at, slice_length(device));
  ret->type = arena_copy_bytes(a, type.at, slice_length(type));
  ret->read_only = has_option(options, "ro") || has_option(super_options, "ro") || has_option(super_options, "emergency_ro");
  return true;
}
