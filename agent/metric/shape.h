/* Whether a histogram or summary is what its type promises. Strict readers refuse a whole page for one that is not: a family of a server we
 * do not control, or one that lost samples at a cap, must not take the rest of the page with it. */
#ifndef SONDE_METRIC_SHAPE_H
#define SONDE_METRIC_SHAPE_H

#include "agent/metric/page.h"

/* True when the family may be shown with its type in the page's format. */
bool shape_fits(struct page *p, const struct page_family *f);

#endif
