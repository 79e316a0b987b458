/* The section: what collectors write is what readers find, whatever the text and however much. */
#include "tests/unit/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/text.h"
#include "metric/section_reader.h"

static const struct family temperature = {.name = "temperature_celsius", .help = "Warmth.", .type = METRIC_GAUGE, .labels = "room"};
static const struct family requests = {.name = "requests_total", .help = "Requests.", .type = METRIC_COUNTER};
static const struct family requests_again = {.name = "requests_total", .help = "The same name.", .type = METRIC_COUNTER};
static const struct family latency = {.name = "latency_seconds", .help = "Latency.", .type = METRIC_HISTOGRAM, .labels = "le"};

static void let_go(struct section **s) {
  section_unref(*s);
}

static const char *labels_of(const struct section *s, size_t i) {
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  assert_true(i < count);
  assert_int_equal(strlen(section_text(s, samples[i].labels)), samples[i].labels_length);
  return section_text(s, samples[i].labels);
}

static size_t count_of(const struct section *s) {
  size_t count;
  section_samples(s, &count);
  return count;
}

/* Renders one label in a section of its own and compares. */
static void assert_rendered(const char *name, const char *value, size_t length, const char *want) {
  SCOPED(let_go) struct section *s = section_new("part");
  section_add(s, &temperature, section_labels(s, &(struct label){name, value, length}, 1), 1);
  section_finish(s);
  assert_string_equal(labels_of(s, 0), want);
}

static void samples_of_a_family_lie_together(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  for (int i = 0; i < 3; i++) {
    char room[2] = {(char)('a' + i), 0};
    labels_t labels = section_label_pairs(s, "room", room, NULL);
    section_add(s, &temperature, labels, i + 0.5);
    section_add(s, &requests, labels, i);
  }
  section_finish(s);
  size_t families, samples;
  const struct section_family *f = section_families(s, &families);
  const struct sample *sample = section_samples(s, &samples);
  assert_int_equal(families, 2);
  assert_int_equal(samples, 6);
  assert_ptr_equal(f[0].family, &temperature);
  assert_int_equal(f[1].first, 3);
  assert_int_equal(f[1].count, 3);
  assert_string_equal(labels_of(s, 1), "room=\"b\"");
  assert_string_equal(section_text(s, sample[1].text), "1.5");
  assert_string_equal(section_text(s, sample[5].text), "2");
  assert_int_equal(sample[5].text_length, 1);
  assert_true(sample[1].value == 1.5);
  assert_string_equal(section_part(s), "part");
}

static void a_sample_without_labels_has_an_empty_text(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  section_add(s, &requests, 0, NAN);
  section_finish(s);
  assert_string_equal(labels_of(s, 0), "");
  size_t count;
  assert_string_equal(section_text(s, section_samples(s, &count)->text), "NaN");
}

static void an_empty_section_can_be_read(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_finish(section_new("part"));
  size_t families;
  section_families(s, &families);
  assert_int_equal(families, 0);
  assert_int_equal(count_of(s), 0);
  assert_int_equal(section_dropped(s), 0);
}

static void an_unfinished_section_is_freed(void **state) {
  (void)state;
  struct section *s = section_new("part");
  section_add(s, section_family(s, "x", METRIC_GAUGE, "X."), section_label_pairs(s, "a", "b", NULL), 1);
  section_unref(s);
  section_unref(NULL);
}

static void the_first_of_equal_samples_is_kept(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  labels_t a = section_label_pairs(s, "x", "1", "y", "2", NULL);
  labels_t b = section_label_pairs(s, "y", "2", "x", "1", NULL);
  section_add(s, &requests, a, 1);
  section_add(s, &requests, b, 2);
  section_add(s, &temperature, a, 3);
  section_add(s, &requests_again, b, 4);
  section_add(s, &requests, 0, 5);
  section_finish(s);
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  assert_int_equal(count, 3);
  assert_true(samples[0].value == 1 && samples[1].value == 5 && samples[2].value == 3);
  assert_int_equal(section_dropped(s), 2);
}

static void a_histogram_keeps_all_its_suffixes(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  labels_t le = section_label_pairs(s, "le", "+Inf", NULL);
  section_add_suffix(s, &latency, SUFFIX_BUCKET, le, 3);
  section_add_suffix(s, &latency, SUFFIX_SUM, 0, 1.5);
  section_add_suffix(s, &latency, SUFFIX_COUNT, 0, 3);
  section_add_suffix(s, &latency, SUFFIX_COUNT, 0, 4);
  section_finish(s);
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  assert_int_equal(count, 3);
  assert_int_equal(samples[1].suffix, SUFFIX_SUM);
  assert_int_equal(samples[2].suffix, SUFFIX_COUNT);
}

static void a_suffix_on_a_gauge_is_dropped(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  section_add_suffix(s, &temperature, SUFFIX_SUM, 0, 1);
  section_finish(s);
  assert_int_equal(count_of(s), 0);
  assert_int_equal(section_dropped(s), 1);
}

static void a_family_without_samples_is_not_shown(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  section_family(s, "unused", METRIC_GAUGE, "");
  section_family(s, "latency_seconds", METRIC_GAUGE, "");
  section_add_suffix(s, &latency, SUFFIX_SUM, 0, 1);
  section_add(s, &requests, 0, 1);
  section_finish(s);
  size_t count;
  assert_ptr_equal(section_families(s, &count)->family, &requests);
  assert_int_equal(count, 1);
  assert_int_equal(section_dropped(s), 1);
}

static void labels_are_sorted_and_empty_ones_left_out(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  section_add(s, &requests, section_label_pairs(s, "zone", "z", "app", "a", "empty", "", "mode", "m", NULL), 1);
  section_finish(s);
  assert_string_equal(labels_of(s, 0), "app=\"a\",mode=\"m\",zone=\"z\"");
}

static void a_label_name_appears_once(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  section_add(s, &requests, section_label_pairs(s, "b", "1", "a", "2", "b", "3", "a", "4", NULL), 1);
  section_finish(s);
  assert_string_equal(labels_of(s, 0), "a=\"2\",b=\"1\"");
}

static void hostile_label_values_become_clean(void **state) {
  (void)state;
  assert_rendered("a", "plain", LABEL_STRING, "a=\"plain\"");
  assert_rendered("a", "cut here", 3, "a=\"cut\"");
  assert_rendered("a", "say \"hi\"\n\\o/", LABEL_STRING, "a=\"say \\\"hi\\\"\\n\\\\o/\"");
  assert_rendered("a", "x\0y", 3, "a=\"x\xEF\xBF\xBDy\"");
  assert_rendered("a", "\xff\xc3", 2, "a=\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
  assert_rendered("a", "gr\xc3\xbc\xc3\x9f", LABEL_STRING, "a=\"gr\xc3\xbc\xc3\x9f\"");
}

static void a_special_character_is_seen_wherever_it_stands(void **state) {
  (void)state;
  static const struct {
    char given;
    const char *shown;
  } cases[] = {
      {'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\0', "\xEF\xBF\xBD"}, {'\x80', "\xEF\xBF\xBD"}, {'\xff', "\xEF\xBF\xBD"},
      {'~', "~"},    {'\t', "\t"}};
  for (size_t c = 0; c < COUNTOF(cases); c++)
    for (size_t length = 1; length < 30; length++)
      for (size_t at = 0; at < length; at++) {
        char value[32], want[128];
        memset(value, 'v', length);
        value[at] = cases[c].given;
        snprintf(want, sizeof want, "a=\"%.*s%s%.*s\"", (int)at, "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv", cases[c].shown,
                 (int)(length - at - 1), "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvv");
        assert_rendered("a", value, length, want);
      }
}

static void label_names_become_legal(void **state) {
  (void)state;
  assert_rendered("my col", "1", LABEL_STRING, "my_col=\"1\"");
  assert_rendered("9lives", "1", LABEL_STRING, "_9lives=\"1\"");
  assert_rendered("__name__", "1", LABEL_STRING, "_name__=\"1\"");
  assert_rendered("a:b", "1", LABEL_STRING, "a_b=\"1\"");
  assert_rendered("", "1", LABEL_STRING, "_=\"1\"");
}

static void a_label_of_a_megabyte_is_cut_at_a_character(void **state) {
  (void)state;
  size_t size = 1u << 20;
  char *huge = malloc(size);
  for (size_t i = 0; i < size; i += 2) memcpy(huge + i, "\xc3\xbc", 2);
  SCOPED(let_go) struct section *s = section_new("part");
  section_add(s, &requests, section_labels(s, &(struct label){"q", huge, size}, 1), 1);
  huge[size - 2] = 'x';
  section_add(s, &requests, section_labels(s, &(struct label){"q", huge, size}, 1), 2);
  section_finish(s);
  assert_int_equal(count_of(s), 2);
  assert_true(strlen(labels_of(s, 0)) <= LABEL_VALUE_MAX + 4);
  assert_true(text_is_clean(labels_of(s, 0), strlen(labels_of(s, 0))));
  assert_string_not_equal(labels_of(s, 0), labels_of(s, 1));
  free(huge);
}

static void more_labels_than_allowed_drop_the_sample(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  char names[LABELS_MAX + 1][16];
  struct label labels[LABELS_MAX + 1];
  for (int i = 0; i <= LABELS_MAX; i++) {
    snprintf(names[i], sizeof names[i], "l%02d", i);
    labels[i] = (struct label){names[i], "v", LABEL_STRING};
  }
  section_add(s, &requests, section_labels(s, labels, LABELS_MAX), 1);
  section_add(s, &requests, section_labels(s, labels, LABELS_MAX + 1), 2);
  section_finish(s);
  assert_int_equal(count_of(s), 1);
  assert_int_equal(section_dropped(s), 1);
}

static void samples_above_the_cap_are_counted(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  for (int i = 0; i < 100000; i++) {
    char number[12];
    snprintf(number, sizeof number, "%d", i);
    section_add(s, &requests, section_label_pairs(s, "i", number, NULL), i);
  }
  section_finish(s);
  assert_int_equal(count_of(s), SECTION_SAMPLES_MAX);
  assert_int_equal(section_dropped(s), 100000 - SECTION_SAMPLES_MAX);
  assert_string_equal(labels_of(s, SECTION_SAMPLES_MAX - 1), "i=\"19999\"");
}

static void text_above_the_cap_is_counted(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  char value[LABEL_VALUE_MAX + 1];
  memset(value, 'x', sizeof value);
  value[LABEL_VALUE_MAX] = 0;
  for (int i = 0; i < 5000; i++) {
    struct label labels[10];
    char names[10][16], first[12];
    for (int k = 0; k < 10; k++) {
      snprintf(names[k], sizeof names[k], "l%d", k);
      labels[k] = (struct label){names[k], value, LABEL_STRING};
    }
    snprintf(first, sizeof first, "%d", i);
    labels[0].value = first;
    section_add(s, &requests, section_labels(s, labels, 10), i);
  }
  section_finish(s);
  assert_true(count_of(s) > 1000 && count_of(s) < 5000);
  assert_int_equal(count_of(s) + section_dropped(s), 5000);
  assert_true(section_bytes(s) <= SECTION_BYTES_MAX + 1000000);
}

static void a_section_can_have_caps_of_its_own(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  section_limit(s, SECTION_SAMPLES_MAX + 5, (size_t)SECTION_BYTES_MAX * 2);
  for (int i = 0; i < SECTION_SAMPLES_MAX + 10; i++) {
    char text[16];
    snprintf(text, sizeof text, "%d", i);
    section_add(s, &requests, section_label_pairs(s, "n", text, NULL), i);
  }
  section_finish(s);
  assert_int_equal(count_of(s), SECTION_SAMPLES_MAX + 5);
  assert_int_equal(section_dropped(s), 5);
}

static void a_hidden_section_has_values_and_no_text_of_them(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part"), *shown = section_finish(section_new("part"));
  section_hide(s);
  section_add(s, &requests, section_label_pairs(s, "code", "500", NULL), 0.1 + 0.2);
  section_add(s, &requests, 0, 7);
  section_finish(s);
  size_t count;
  const struct sample *samples = section_samples(s, &count);
  assert_true(count == 2 && samples[0].value == 0.1 + 0.2 && samples[1].value == 7);
  assert_string_equal(section_text(s, samples[0].labels), "code=\"500\"");
  assert_true(samples[0].text_length == 0 && !*section_text(s, samples[0].text));
  assert_true(section_is_hidden(s) && !section_is_hidden(shown));
}

static void a_made_family_is_the_same_when_asked_again(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  char name[] = "my metric-1", help[] = "bad \xff help";
  const struct family *f = section_family(s, name, METRIC_GAUGE, help);
  assert_ptr_equal(section_family(s, "my_metric_1", METRIC_COUNTER, "other"), f);
  section_add(s, f, 0, 1);
  memset(name, 'z', sizeof name - 1);
  memset(help, 'z', sizeof help - 1);
  section_finish(s);
  assert_string_equal(f->name, "my_metric_1");
  assert_string_equal(f->help, "bad \xEF\xBF\xBD help");
  assert_int_equal(f->type, METRIC_GAUGE);
  assert_true(f->labels == NULL);
}

static void long_family_names_stay_apart(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  char one[500], two[500];
  memset(one, 'a', sizeof one);
  memcpy(two, one, sizeof two);
  one[499] = two[499] = 0;
  two[498] = 'b';
  const struct family *a = section_family(s, one, METRIC_GAUGE, NULL), *b = section_family(s, two, METRIC_GAUGE, "");
  assert_string_not_equal(a->name, b->name);
  assert_true(strlen(a->name) < 128);
  assert_string_equal(section_family(s, "", METRIC_GAUGE, NULL)->name, "_");
}

static void families_above_the_cap_drop_their_samples(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  for (int i = 0; i < SECTION_SAMPLES_MAX + 10; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i);
    const struct family *f = section_family(s, name, METRIC_HISTOGRAM, "");
    if (i >= SECTION_SAMPLES_MAX - 10) section_add_suffix(s, f, SUFFIX_SUM, 0, i);
  }
  section_finish(s);
  assert_int_equal(count_of(s), 10);
  assert_int_equal(section_dropped(s), 10);
}

static void many_families_and_labels_are_found_again(void **state) {
  (void)state;
  SCOPED(let_go) struct section *s = section_new("part");
  const struct family *families[300];
  for (int i = 0; i < 300; i++) {
    char name[16];
    snprintf(name, sizeof name, "f%d", i);
    families[i] = section_family(s, name, METRIC_GAUGE, "");
  }
  for (int round = 0; round < 2; round++)
    for (int k = 0; k < 10; k++)
      for (int i = 0; i < 300; i++) section_add(s, families[i], section_label_pairs(s, "k", (char[]){(char)('0' + k), 0}, NULL), i);
  section_finish(s);
  assert_int_equal(count_of(s), 3000);
  assert_int_equal(section_dropped(s), 3000);
  size_t count;
  const struct section_family *f = section_families(s, &count);
  assert_int_equal(count, 300);
  for (size_t i = 0; i < 300; i++) assert_int_equal(f[i].count, 10);
}

static void references_keep_a_section_alive(void **state) {
  (void)state;
  struct section *s = section_new("part");
  section_add(s, &requests, 0, 1);
  section_finish(s);
  struct section *second = section_ref(s);
  section_unref(s);
  assert_int_equal(count_of(second), 1);
  section_unref(second);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(samples_of_a_family_lie_together),
      cmocka_unit_test(a_sample_without_labels_has_an_empty_text),
      cmocka_unit_test(an_empty_section_can_be_read),
      cmocka_unit_test(an_unfinished_section_is_freed),
      cmocka_unit_test(the_first_of_equal_samples_is_kept),
      cmocka_unit_test(a_histogram_keeps_all_its_suffixes),
      cmocka_unit_test(a_suffix_on_a_gauge_is_dropped),
      cmocka_unit_test(a_family_without_samples_is_not_shown),
      cmocka_unit_test(labels_are_sorted_and_empty_ones_left_out),
      cmocka_unit_test(a_label_name_appears_once),
      cmocka_unit_test(hostile_label_values_become_clean),
      cmocka_unit_test(a_special_character_is_seen_wherever_it_stands),
      cmocka_unit_test(label_names_become_legal),
      cmocka_unit_test(a_label_of_a_megabyte_is_cut_at_a_character),
      cmocka_unit_test(more_labels_than_allowed_drop_the_sample),
      cmocka_unit_test(samples_above_the_cap_are_counted),
      cmocka_unit_test(text_above_the_cap_is_counted),
      cmocka_unit_test(a_section_can_have_caps_of_its_own),
      cmocka_unit_test(a_hidden_section_has_values_and_no_text_of_them),
      cmocka_unit_test(a_made_family_is_the_same_when_asked_again),
      cmocka_unit_test(long_family_names_stay_apart),
      cmocka_unit_test(families_above_the_cap_drop_their_samples),
      cmocka_unit_test(many_families_and_labels_are_found_again),
      cmocka_unit_test(references_keep_a_section_alive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
