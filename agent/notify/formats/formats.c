/* The only list of the services that receive messages: a new one is one line here. The order is that of the documentation. */
#include "base/attr.h"
#include "notify/format.h"

#define FORMATS(X) X(slack) X(webhook)

#define X(name) extern const struct format name##_format;
FORMATS(X)
#undef X

#define X(name) &name##_format,
const struct format *const formats[] = {FORMATS(X) NULL};
#undef X

#define X(name) &name##_format.service,
static const struct service *const services[] = {FORMATS(X)};
#undef X

const struct format *format_of(const struct service *service) {
  for (size_t i = 0; formats[i]; i++)
    if (&formats[i]->service == service) return formats[i];
  return NULL;
}

const struct service *const *format_services(size_t *ret_count) {
  *ret_count = COUNTOF(services);
  return services;
}
