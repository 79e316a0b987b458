"""Random series, and random expressions over them: what test_promql.py compares with Prometheus.

The installed Prometheus is version 2, and ours means version 3. Where they differ is left out here:
 - ranges are closed on the left there: nothing looks exactly at a sample's time and a range before it. Queries are off the grid of the samples; what stands
   within a subquery, whose steps are on it, has an offset of its own.
 - rates are stretched differently towards zero: counters stay far above it, and fall far when they begin anew.
 - the deviation of one value is 0 there, even of NaN.
 - names go at once there, and at the end here: no expression asks for the name of what an operation gave.
 - the last digit of ^ may be another: exponents are small.
 - predict_linear() in a subquery sees one step when its range has @.
 - timestamp() forgets the offset of a selector that has @, too.
 - atan2 keeps a name there until 2.47, histogram_fraction knows classic histograms from 3 on.
"""
STEP, POINTS = 10, 100
TIMES = [61, 301, 601, 907]
BUCKETS = ["0.1", "0.5", "1", "2.5", "+Inf"]


class World:
    """Series: gauges a and b with labels k and l, c with k alone, counters hits and reads; histograms lat and temp."""

    def __init__(self, rng):
        self.rng, self.series = rng, {}
        for name in ("a", "b"):
            self.some(name, self.gauge)
        for name in ("hits", "reads"):
            self.some(name, self.counter)
        for k in "1234":
            self.add("c", {"k": k}, self.gauge())
        for k in "123":
            self.histogram("lat_bucket", k, BUCKETS if k != "3" else ["0.1", "0.50", "1e0", "2.5"])
        self.histogram("temp_bucket", "1", ["-5", "0", "5.5", "Inf"])

    def some(self, name, values):
        for k in "123":
            for l in "xy":
                if self.rng.random() < 0.8:
                    self.add(name, {"k": k, "l": l}, values())

    def add(self, name, labels, values):
        self.series[name + "{" + ",".join('%s="%s"' % pair for pair in labels.items()) + "}"] = " ".join(values)

    def holed(self, values, *others):
        return [self.rng.choice(("_", "_", "_x3", "stale") + others) if self.rng.random() < 0.1 else v for v in values]

    def gauge(self):
        return self.holed([self.rng.choice(["%d" % self.rng.randint(-9, 9), "%.2f" % self.rng.uniform(-100, 100)]) for _ in range(POINTS)],
                          "NaN", "Inf", "-Inf")

    def counter(self):
        value, values = self.rng.randint(20000, 99999), []
        for _ in range(POINTS):
            value = value // 5 if value > 15000 and self.rng.random() < 0.03 else value + self.rng.choice([0, 1, 7, 60])
            values.append(str(value))
        return self.holed(values)

    def histogram(self, name, k, bounds):
        counts, values = [10000 * (i + 1) for i in range(len(bounds))], [[] for _ in bounds]
        for _ in range(POINTS):
            more = 0
            for i in range(len(bounds)):
                more += self.rng.choice([0, 1, 5, 20])
                counts[i] += more
                values[i].append(str(counts[i]))
        for bound, column in zip(bounds, values):
            self.add(name, {"k": k, "le": bound}, self.holed(column) if self.rng.random() < 0.3 else column)


class Expression:
    """Grows an expression of the language that both sides know."""

    def __init__(self, rng):
        self.rng = rng
        self.within = False  # a subquery

    def pick(self, *items):
        return self.rng.choice(items)

    # numbers

    def number(self):
        return self.pick("0", "1", "2.5", "-3", "1e2", "0.37", "0x1F", "50.123", "+Inf")

    def exponent(self):
        return self.pick("2", "0.5", "3", "-1", "0", "Inf")

    def scalar(self, depth):
        kind = self.rng.random()
        if depth > 0 and kind < 0.1:
            return "scalar(%s)" % self.pick('c{k="1"}', 'a{k="1",l="x"}', self.vector(depth - 1))
        if depth <= 0 or kind < 0.5:
            return self.pick(self.number(), self.number(), "time()", "pi()")
        if kind < 0.55:
            return "(%s ^ %s)" % (self.scalar(depth - 1), self.exponent())
        op = self.pick("+", "-", "*", "/", "%", "atan2", "> bool", "== bool", "<= bool")
        return "(%s %s %s)" % (self.scalar(depth - 1), op, self.scalar(depth - 1))

    # what is selected

    def matchers(self):
        some = [self.pick('k="1"', 'k!="2"', 'k=~"1|2"', 'k!~"[13]"', 'l="x"', 'l!=""', 'l=""', 'k=~".+"', 'none=""', 'l=~"x|"')
                for _ in range(self.pick(0, 0, 1, 2))]
        return "{%s}" % ",".join(some) if some else ""

    def when(self, ranged):
        if self.within and ranged:
            return self.pick(" offset 3s", " offset 33s", " offset 1m3s", " @ 333", " offset -7s")
        return self.pick("", "", "", "", " offset 30s", " offset 2m", " offset -20s", " @ 307", " @ end()", " @ start() offset 10s", " offset -1m @ 553")

    def selector(self, *names):
        return self.pick(*names) + self.matchers()

    def instant(self):
        return self.selector("a", "b", "c", "hits") + self.when(False)

    def range(self, *names):
        return self.selector(*names) + self.pick("[20s]", "[30s]", "[1m]", "[5m]", "[1h]", "[2m30s]") + self.when(True)

    def subquery(self, inner):
        outside, self.within = self.within, True
        text = inner()
        self.within = outside
        text = text if text.isalnum() else "(%s)" % text
        return text + self.pick("[1m:10s]", "[5m:20s]", "[2m30s:30s]", "[90s:10s]", "[15m:1m]", "[5m:]") + self.when(True)

    # functions

    def over_range(self, depth):
        kind = self.rng.random()
        if kind < 0.4:
            name = self.pick("rate", "increase", "irate", "idelta", "delta", "changes", "resets")
            counters = self.range("hits", "reads") if kind < 0.3 else self.subquery(lambda: self.selector("hits", "reads"))
            return "%s(%s)" % (name, counters)
        inner = self.range("a", "b", "c", "hits") if depth <= 0 or kind < 0.8 else self.subquery(lambda: self.vector(depth - 1))
        if kind < 0.5:
            return "quantile_over_time(%s, %s)" % (self.pick("0.5", "0", "1", "0.9", "-1", "2", "NaN", self.scalar(depth - 2)), inner)
        if kind < 0.6:
            name = self.pick("deriv", "predict_linear", "idelta", "delta", "changes", "resets")
            if name == "predict_linear":
                inner = self.selector("a", "hits") + self.pick("[1m]", "[5m]", "[45s]") + (" offset 3s, " if self.within else ", ") + self.scalar(depth - 2)
            return "%s(%s)" % (name, inner)
        return "%s_over_time(%s)" % (self.pick("avg", "sum", "min", "max", "count", "last", "present", "stddev", "stdvar", "absent"), inner)

    def of_numbers(self, depth):
        inner = self.vector(depth - 1)
        name = self.pick("abs", "ceil", "floor", "round", "sgn", "sqrt", "exp", "ln", "log2", "log10", "sin", "cos", "atan", "sinh", "cosh", "tanh", "asinh",
                         "deg", "rad", "sort", "sort_desc", "timestamp", "absent", "asin", "acos", "acosh", "atanh", "tan")
        if name in ("asin", "acos", "atanh", "tan"):
            inner = "clamp(%s, -1, 1)" % inner
        if name in ("sin", "cos"):
            inner = "clamp(%s, -1e4, 1e4)" % inner
        if name == "timestamp":
            inner = self.selector("a", "b", "c", "hits") + self.pick("", " offset 30s", " offset -20s", " @ 307", " > 0")
        text = "%s(%s)" % (name, inner)
        bounded = "%s(%s, %s)" % (self.pick("round", "clamp_min", "clamp_max"), inner, self.scalar(depth - 2))
        return self.pick(text, text, text, bounded, "clamp(%s, %s, %s)" % (inner, self.scalar(0), self.scalar(0)), "vector(%s)" % self.scalar(depth - 1))

    def calendar(self):
        name = self.pick("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year")
        return "%s(%s)" % (name, self.pick("", "vector(time() * 1e6)", self.selector("hits", "reads") + " * 20001", "hits - 1e5", "hits offset 30s * 33333"))

    def of_labels(self, depth):
        inner = self.vector(depth - 1)
        if self.rng.random() < 0.4:
            return "label_join(%s, %s)" % (inner, self.pick('"j", "-", "k", "l"', '"k", "", "l"', '"l", "/", "none", "k", "k"', '"j", "x"', '"__name__", "_", "l", "k"'))
        to = self.pick('"new"', '"k"', '"l"', '"__name__"')
        template = self.pick('"$1"', '"v-${1}"', '""', '"$0$$"', '"${w}x"', '"$1x"', '"p$2"')
        source = self.pick('"k"', '"l"', '"none"')
        pattern = self.pick('"(.*)"', '"(1|x)"', '"(?P<w>[0-9]+)"', '""', '"[xy]?"', '"(.)(.*)"')
        return "label_replace(%s, %s, %s, %s, %s)" % (inner, to, template, source, pattern)

    def of_histograms(self):
        name = self.pick("lat_bucket", "lat_bucket", "temp_bucket")
        plain, rates = self.selector(name) + self.when(False), "%s(%s)" % (self.pick("rate", "increase", "delta"), self.range(name))
        grouped = self.pick("sum by (le) (%s)", "sum by (k, le) (%s)", "avg without (k) (%s)", "%s", "%s") % self.pick(rates, rates, plain)
        return "histogram_quantile(%s, %s)" % (self.pick("0.5", "0.9", "0.99", "0", "1", "-1", "1.5", "NaN", "0.25"), grouped)

    # aggregations and operators

    def labels(self):
        return self.pick("", "k", "l", "k, l", "l, k", "none", "k, none")

    def aggregate(self, depth):
        name, inner = self.pick("sum", "avg", "min", "max", "count", "group", "stddev", "stdvar", "quantile", "topk", "bottomk", "count_values"), self.vector(depth - 1)
        if name in ("topk", "bottomk"):  # of what is equal each may let through another
            inner = "%s, %s" % (self.pick("1", "2", "3", "0", "-1", "2.9", "1000", "scalar(count(c))"), self.pick("a * 0.37 + hits", "b * 0.61 + reads") + " > -1e9 < 1e9")
        if name in ("stddev", "stdvar"):
            inner = "%s > -1e9 < 1e9" % self.instant()
        if name == "quantile":
            inner = "%s, %s" % (self.pick("0.5", "0", "1", "0.9", "-1", "2", "NaN", "1/3", "scalar(sum(b))"), inner)
        if name == "count_values":
            inner = '%s, %s' % (self.pick('"v"', '"k"'), self.selector("a", "b", "hits"))
        by = self.pick("", " by (%s)", " without (%s)")
        by = by % self.labels() if by else ""
        return self.pick("%s%s (%s)" % (name, by, inner), "%s(%s)%s" % (name, inner, by))

    def matching(self):
        return self.pick("", "", "", "on(k)", "on(k, l)", "ignoring(l)", "ignoring(none)", "on()", "ignoring(k)")

    def many(self):
        return self.pick("on(k)", "ignoring(l)", "on()", "on(k, l)") + " " + self.pick("group_left", "group_right", "group_left()", "group_left(l)", "group_right(none)", "group_right(l, none)")

    def binary(self, depth):
        comparison = self.pick(">", "<", ">=", "<=", "!=", "==")
        kind = self.rng.random()
        if kind < 0.05:
            return "%s ^ %s" % (self.vector(depth - 1), self.exponent())
        if kind < 0.25:
            op = self.pick("+", "-", "*", "/", comparison, comparison + " bool")
            sides = [self.vector(depth - 1), self.scalar(depth - 2)]
            self.rng.shuffle(sides)
            return "%s %s %s" % (sides[0], op, sides[1])
        if kind < 0.7:
            op = self.pick("+", "-", "*", "/", "%", "atan2", comparison, comparison + " bool")
            left, right = self.vector(depth - 1), self.vector(depth - 1)
            right = self.pick(right, "c", "sum by (k) (%s)" % right) if kind < 0.4 else right
            left = self.instant() if op == "%" else left
            text = "%s %s %s %s" % (left, op, self.many() if kind < 0.45 else self.matching(), right)
            return "-(%s)" % text if op == "atan2" else "(%s)" % text if op == "%" else text
        return "%s %s %s %s" % (self.vector(depth - 1), self.pick("and", "or", "unless"), self.matching(), self.vector(depth - 1))

    def vector(self, depth):
        kind = self.rng.random()
        if depth <= 0 or kind < 0.12:
            return self.instant()
        if kind < 0.3:
            return self.over_range(depth - 1)
        if kind < 0.42:
            return self.of_numbers(depth)
        if kind < 0.45:
            return self.calendar()
        if kind < 0.52:
            return self.of_labels(depth)
        if kind < 0.57:
            return self.of_histograms()
        if kind < 0.72:
            return self.aggregate(depth)
        if kind < 0.76:
            return "-" + self.vector(depth - 1)
        inner = self.binary(depth)
        return "(%s)" % inner if self.rng.random() < 0.7 else inner
