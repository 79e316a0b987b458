/* "Did you mean": the edit distance (insert, delete, replace, swap two neighbours) between what was written and what is allowed. A third of the
 * letters may be wrong; more is another word, and a wrong suggestion is worse than none. */
#include "config/suggest.h"

#include <string.h>
#include <strings.h>

#include "base/attr.h"

enum { WORD_MAX = 40 };

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  unsigned rows[3][WORD_MAX + 1], *before = rows[0], *above = rows[1], *row = rows[2];
  for (unsigned j = 0; j <= b_length; j++) above[j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b_length; j++) {
      unsigned replaced = above[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = MIN(replaced, MIN(above[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = MIN(row[j], before[j - 2] + 1);
    }
    unsigned *oldest = before;
    before = above;
    above = row;
    row = oldest;
  }
  return above[b_length];
}

const char *suggest(const char *word, const char *const *candidates, size_t count) {
  const char *best = NULL;
  size_t length = strlen(word);
  if (length == 0 || length > WORD_MAX) return NULL;
  unsigned least = (unsigned)(length + 2) / 3 + 1;
  for (size_t i = 0; i < count; i++) {
    size_t other = candidates[i] ? strlen(candidates[i]) : WORD_MAX + 1;
    if (other > WORD_MAX) continue;
    unsigned d = strcasecmp(word, candidates[i]) ? distance(word, length, candidates[i], other) : 0;
    if (d < least && d < other) {
      least = d;
      best = candidates[i];
    }
  }
  return best;
}
