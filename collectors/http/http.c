/* The collector of HTTP endpoints: a drop-in for blackbox_exporter's http prober, which also looks into JSON and remembers. */
#include <string.h>

#include "base/attr.h"
#include "collectors/http/expect.h"

static const struct part parts[] = {
    {.name = "probe", .summary = "One request: what it answered, how long each phase took, certificates, JSON."},
};

static bool http_ask(void *state, const struct poll *poll UNUSED, struct net_request *ret, struct fail *f UNUSED) {
  struct probe *p = state;
  const struct probe_options *o = p->options;
  ret->method = o->method;
  ret->body = o->body;
  ret->body_length = o->body ? strlen(o->body) : 0;
  ret->answer_max = (size_t)o->body_max;
  ret->compressed = o->compressed;
  probe_begin(p, ret);
  return true;
}

/* The body as JSON, where that is asked for and can be. */
static json_t *parse_document(const struct probe *p, const struct net_answer *a, struct fail *f) {
  if (!health_wanted(&p->options->health) || a->why.kind != FAIL_NONE || a->cut || expect_packed(p, a)) return NULL;
  return health_parse(a->body, a->length, f);
}

static bool http_read(void *state, const struct net_answer *a, struct poll *poll, struct fail *f) {
  struct probe *p = state;
  struct fail no_document = {0};
  struct verdict verdict;
  if (a->why.kind == FAIL_STOPPED) {
    *f = a->why;
    return false;
  }
  struct section *s = section_new(parts[0].name);
  json_t *document = parse_document(p, a, &no_document);
  f->kind = FAIL_NONE;
  if (!probe_answered(a, clock_wall(), &verdict, f) || !expect_judge(p, a, document, &no_document, &verdict, f))
    request_scrub(&p->options->request, f->text);
  if (document) health_write(&p->options->health, document, s, &poll->fails[0]);
  json_decref(document);
  probe_end(p, a, poll, verdict, true, s);
  return true;
}

static void http_catalogue(family_fn *each, void *arg) {
  sample_catalogue(true, each, parts[0].name, arg);
  tally_catalogue(true, each, parts[0].name, arg);
  health_catalogue(each, parts[0].name, arg);
}

const struct collector http_collector = {
    .kind =
        {
            .name = "http",
            .job = "blackbox",
            .by_address = true,
            .summary = "An HTTP endpoint, asked as blackbox_exporter asks it; a health endpoint's JSON is judged and measured.",
            .parts = parts,
            .part_count = COUNTOF(parts),
            .options = http_option_rows,
            .options_size = sizeof(struct probe_options),
            .prepare = http_prepare,
        },
    .open = probe_open,
    .ask = http_ask,
    .read = http_read,
    .status = probe_status,
    .close = probe_close,
    .catalogue = http_catalogue,
};
