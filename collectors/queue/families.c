/* The rows of queue_*: the metrics that all layouts share. */
#include <math.h>
#include <string.h>

#include "collectors/queue/layout.h"

#define OF_QUEUE  "prefix,queue,system"
#define OF_STATE  "prefix,queue,state,system"
#define OF_SOURCE "prefix,queue,source,system"

const struct family queue_families[] = {
    [QUEUE_JOBS] = {"queue_jobs",
                    "Jobs in each state; those of a paused queue are waiting. prefix is what stands before the queue's name in its "
                    "keys, \"" QUEUE_NO_PREFIX "\" for a key that is named in the configuration.",
                    METRIC_GAUGE, OF_STATE, false},
    [QUEUE_OLDEST_AGE] =
        {"queue_oldest_job_age_seconds",
         "How long the oldest job has been ready to run (waiting, prioritized ones included) or running (active); 0 "
         "when there is none.",
         METRIC_GAUGE, OF_STATE, false},
    [QUEUE_OVERDUE] = {"queue_overdue_jobs", "Delayed jobs that were due more than 5 seconds ago: no worker promotes them.",
                       METRIC_GAUGE, OF_QUEUE, false},
    [QUEUE_NEXT_DUE] = {"queue_next_due_seconds", "Time until the next delayed job is due; negative when it should have run.",
                        METRIC_GAUGE, OF_QUEUE, false},
    [QUEUE_ADDED] = {"queue_jobs_added_total", "Jobs ever added, as the queue counts them: refused duplicates are among them.",
                     METRIC_COUNTER, OF_QUEUE, false},
    [QUEUE_FINISHED] =
        {"queue_jobs_finished_total",
         "Jobs that left the queue since sonde watches it: completed, failed for good, or removed. Found by comparing "
         "what was added with what is still there, so it does not depend on how long finished jobs are kept.",
         METRIC_COUNTER, OF_QUEUE, false},
    [QUEUE_COMPLETED] = {"queue_jobs_completed_total",
                         "Jobs completed, as counted by workers whose option metrics is on (source native); absent without it.",
                         METRIC_COUNTER, OF_SOURCE, false},
    [QUEUE_FAILED] =
        {"queue_jobs_failed_total",
         "Jobs failed for good: counted by workers whose option metrics is on (source native), else found among the failed "
         "jobs that are kept (derived); absent where none is ever kept.",
         METRIC_COUNTER, OF_SOURCE, false},
    [QUEUE_PAUSED] = {"queue_paused", "1 while the queue is paused.", METRIC_GAUGE, OF_QUEUE, false},
    [QUEUE_WORKER_SEEN] =
        {"queue_worker_last_seen_seconds",
         "Time since a worker last looked for stalled jobs, which any living one does about twice a minute; absent "
         "until the first is seen.",
         METRIC_GAUGE, OF_QUEUE, false},
    [QUEUE_INFO] = {"queue_info", "Where the queue lives and the library that keeps it; 1.", METRIC_GAUGE,
                    "db,library_version,prefix,queue,system", false},
    [QUEUE_DISCOVERED] = {"queue_discovered", "Queues that were found and are watched.", METRIC_GAUGE, "system", false},
    [QUEUE_TRUNCATED] = {"queue_discovery_truncated", "1 when there are more queues than are watched.", METRIC_GAUGE, NULL, false},
    [QUEUE_WALK_SCANS] = {"queue_discovery_scans_total", "SCAN calls made to find queues.", METRIC_COUNTER, NULL, false},
    [QUEUE_WALK_REFUSED] = {"queue_discovery_refused_total",
                            "SCAN calls that the server refused, for instance by its access rules.", METRIC_COUNTER, NULL, false},
    [QUEUE_WALK_SECONDS] = {"queue_discovery_cycle_duration_seconds", "How long the last complete walk of the key space took.",
                            METRIC_GAUGE, NULL, false},
    [QUEUE_WALK_COMPLETED] = {"queue_discovery_last_complete_timestamp_seconds",
                              "When the last walk of the key space was complete.", METRIC_GAUGE, NULL, false},
    [QUEUE_METRICS] = {0},
};

void queue_put(struct section *s, enum queue_metric metric, labels_t labels, double value) {
  if (!isnan(value)) section_add(s, &queue_families[metric], labels, value);
}

double queue_number(const struct reply *r) {
  double value;
  return reply_number(r, &value) && isfinite(value) ? value : (double)NAN;
}

bool queue_wrong_type(const struct reply *r) {
  return r->type == REPLY_ERROR && strncmp(r->text, "WRONGTYPE", strlen("WRONGTYPE")) == 0;
}
