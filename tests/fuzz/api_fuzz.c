/* Any request to the API, over a small history: a line for the path, then one for each parameter as name=value. The answer is JSON, with a status that
 * goes with it, whatever bytes came. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"

enum { PARAMETERS_MAX = 32, TEXT_MAX = 20000, POINTS = 60, ANSWER_MAX = 1 << 22 };

static struct api api;

static void load(void) {
  static const char *const jobs[] = {"a", "b\n\"\\", "\xc3\xa4"};
  api = (struct api){.history = history_new(3600000, 1 << 24), .store = store_new(), .wall_offset = 1700000000000};
  for (size_t i = 0; i < COUNTOF(jobs); i++) {
    struct labels *l = labels_new((struct label_pair[]){{"__name__", i ? "hits_total" : "up"}, {"job", jobs[i]}}, 2);
    for (int k = 0; k < POINTS; k++) history_append(api.history, l, 1000000 + k * 10000, (double)(i + 1) * k);
    labels_unref(l);
  }
}

/* Takes the text apart where it lies. */
static size_t read_parameters(char *text, struct parameter *ret) {
  size_t count = 0;
  for (char *line = strtok(text, "\n"); line && count < PARAMETERS_MAX; line = strtok(NULL, "\n")) {
    char *value = strchr(line, '=');
    if (value) *value++ = 0;
    ret[count++] = (struct parameter){line, value ? value : ""};
  }
  return count;
}

static void check(unsigned status, const struct buf *out) {
  json_t *root = json_loadb(out->data, out->length, 0, NULL);
  const char *said = json_string_value(json_object_get(root, "status"));
  if (!said || strcmp(said, status == 200 ? "success" : "error") != 0) abort();
  if (status == 200 ? !json_object_get(root, "data") : !json_string_length(json_object_get(root, "error"))) abort();
  json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct parameter parameters[PARAMETERS_MAX];
  if (!api.history) load();
  if (size > TEXT_MAX) return 0;
  char *text = malloc(size + 2);
  memcpy(text, data, size);
  text[size] = text[size + 1] = 0;
  char *rest = strchr(text, '\n');
  if (rest) *rest++ = 0;
  struct buf out;
  buf_init(&out, ANSWER_MAX);
  struct api_request request = {.now = 1000000 + POINTS * 10000, .path = text, .parameters = parameters};
  request.count = read_parameters(rest ? rest : text + size + 1, parameters);
  /* A second of CPU for each would leave no time for others. */
  if (request.count < PARAMETERS_MAX) {
    memmove(parameters + 1, parameters, request.count++ * sizeof *parameters);
    parameters[0] = (struct parameter){"timeout", "0.2"};
  }
  check(api_answer(&api, &request, &out), &out);
  buf_done(&out);
  free(text);
  return 0;
}
