/* The collector of TCP ports: a drop-in for blackbox_exporter's tcp prober. */
#include "base/attr.h"
#include "collectors/http/probe.h"
#include "collectors/http/quote.h"

enum { ANSWER_MAX = 65536 };

static const struct part parts[] = {
    {.name = "probe", .summary = "One connection: whether it was accepted, what was said, how long it took, certificates."},
};

static bool tcp_ask(void *state, const struct poll *poll UNUSED, struct net_request *ret, struct fail *f UNUSED) {
  struct probe *p = state;
  ret->say = p->options->send;
  ret->hear = p->options->answer != NULL;
  ret->answer_max = ANSWER_MAX;
  probe_begin(p, ret);
  return true;
}

static bool judge(const struct probe *p, const struct net_answer *a, struct verdict *v, struct fail *f) {
  bool match;
  if (!p->answer.count || (regex_try(p->answer.items[0], a->body, a->length, &match) && match)) return true;
  SCOPED(buf_done) struct buf said;
  buf_init(&said, 512);
  quote(&said, a->body, a->length);
  *v = (struct verdict){.reason = REASON_BODY, .regex = true};
  return fail(f, FAIL_UNEXPECTED, "answered %s, which does not match %.100s",
              said.data   ? said.data
              : a->length ? "something"
                          : "nothing",
              p->options->answer);
}

static bool tcp_read(void *state, const struct net_answer *a, struct poll *poll, struct fail *f) {
  struct probe *p = state;
  struct verdict verdict;
  if (a->why.kind == FAIL_STOPPED) {
    *f = a->why;
    return false;
  }
  f->kind = FAIL_NONE;
  if (!probe_answered(a, clock_wall(), &verdict, f) || !judge(p, a, &verdict, f)) request_scrub(&p->options->request, f->text);
  probe_end(p, a, poll, verdict, false, section_new(parts[0].name));
  return true;
}

static void tcp_catalogue(family_fn *each, void *arg) {
  sample_catalogue(false, each, parts[0].name, arg);
  tally_catalogue(false, each, parts[0].name, arg);
}

const struct collector tcp_collector = {
    .kind =
        {
            .name = "tcp",
            .job = "blackbox",
            .by_address = true,
            .summary = "A TCP port, connected to as blackbox_exporter does, with TLS and a line or two where asked for.",
            .parts = parts,
            .part_count = COUNTOF(parts),
            .options = tcp_option_rows,
            .options_size = sizeof(struct probe_options),
            .prepare = tcp_prepare,
        },
    .open = probe_open,
    .ask = tcp_ask,
    .read = tcp_read,
    .status = probe_status,
    .close = probe_close,
    .catalogue = tcp_catalogue,
};
