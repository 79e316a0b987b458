/* Part `replication`: the standbys that follow, the slots that keep WAL for them, and what this server follows itself. */
#include "base/attr.h"
#include "collectors/postgres/part.h"

/* The end of this server's WAL, also where it is a standby that others follow. */
#define CURRENT_LSN "(SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END AS lsn) w"

#define BY_SENDER "application_name,client_addr,pid,slot_name,state"

static const struct metric senders[] = {
    GAUGE("pg_stat_replication_pg_current_wal_lsn_bytes", BY_SENDER, "current_lsn", 1,
          "The position of this server's WAL, in bytes."),
    GAUGE("pg_stat_replication_pg_wal_lsn_diff", BY_SENDER, "replay_bytes", 1,
          "WAL that the standby did not replay yet, in bytes."),
    GAUGE("pg_stat_replication_sent_lag_bytes", BY_SENDER, "sent_bytes", 1, "WAL that was not sent to the standby yet."),
    GAUGE("pg_stat_replication_write_lag_bytes", BY_SENDER, "write_bytes", 1, "WAL that the standby did not write yet."),
    GAUGE("pg_stat_replication_flush_lag_bytes", BY_SENDER, "flush_bytes", 1, "WAL that the standby did not flush to disk yet."),
    GAUGE("pg_stat_replication_write_lag_seconds", BY_SENDER, "write_seconds", 1,
          "How long recent WAL took until the standby wrote it."),
    GAUGE("pg_stat_replication_flush_lag_seconds", BY_SENDER, "flush_seconds", 1,
          "How long recent WAL took until the standby flushed it."),
    GAUGE("pg_stat_replication_replay_lag_seconds", BY_SENDER, "replay_seconds", 1,
          "How long recent WAL took until the standby replayed it."),
};

#define BY_SLOT "slot_name,slot_type"

static const struct metric slots[] = {
    GAUGE("pg_replication_slots_active", "database,slot_name", "active", 1, "1 when the slot is used."),
    GAUGE("pg_replication_slots_pg_wal_lsn_diff", "database,slot_name", "retained", 1,
          "WAL that the slot keeps on disk, in bytes."),
    GAUGE("pg_replication_slots_slot_current_wal_lsn", BY_SLOT, "current_lsn", 1, "The position of this server's WAL, in bytes."),
    GAUGE("pg_replication_slots_slot_confirmed_flush_lsn", BY_SLOT, "confirmed_lsn", 1,
          "Up to where the consumer of an active logical slot confirmed, in bytes."),
    GAUGE("pg_replication_slots_slot_is_active", BY_SLOT, "active", 1, "1 when the slot is used."),
    GAUGE("pg_replication_slots_safe_wal_size_bytes", BY_SLOT, "safe_wal_size", 1,
          "WAL that can still be written before the slot may be lost."),
    GAUGE("pg_replication_slots_wal_status", "slot_name,slot_type,wal_status", "one", 1,
          "1; whether the slot's WAL is still there is in the label."),
};

#define BY_RECEIVER "slot_name,status,upstream_host"

static const struct metric receiver[] = {
    GAUGE("pg_wal_receiver_running", NULL, "running", 1, "1 when this standby receives WAL from another server."),
    COUNTER("pg_stat_wal_receiver_receive_start_lsn", BY_RECEIVER, "start_lsn", 1,
            "The position where receiving started, in bytes."),
    GAUGE("pg_stat_wal_receiver_receive_start_tli", BY_RECEIVER, "receive_start_tli", 1,
          "The timeline with which receiving started."),
    COUNTER("pg_stat_wal_receiver_flushed_lsn", BY_RECEIVER, "flushed", 1, "Up to where received WAL is on disk, in bytes."),
    GAUGE("pg_stat_wal_receiver_received_tli", BY_RECEIVER, "received_tli", 1, "The timeline of the last received WAL."),
    COUNTER("pg_stat_wal_receiver_last_msg_send_time", BY_RECEIVER, "sent", 1,
            "When the other server sent its last message, in seconds since 1970."),
    COUNTER("pg_stat_wal_receiver_last_msg_receipt_time", BY_RECEIVER, "received", 1,
            "When its last message came, in seconds since 1970."),
    COUNTER("pg_stat_wal_receiver_latest_end_lsn", BY_RECEIVER, "end_lsn", 1,
            "The last position reported to the other server, in bytes."),
    COUNTER("pg_stat_wal_receiver_latest_end_time", BY_RECEIVER, "end_time", 1, "When that was reported, in seconds since 1970."),
};

#define RECEIVER(flushed)                                                                                                          \
  "SELECT (r.pid IS NOT NULL)::int AS running, r.receive_start_tli, r.received_tli, r.status, r.slot_name, r.sender_host AS "      \
  "upstream_host,"                                                                                                                 \
  " pg_wal_lsn_diff(r.receive_start_lsn, '0/0')::float8 AS start_lsn, pg_wal_lsn_diff(r." flushed ", '0/0')::float8 AS flushed,"   \
  " pg_wal_lsn_diff(r.latest_end_lsn, '0/0')::float8 AS end_lsn, extract(epoch FROM r.last_msg_send_time)::float8 AS sent,"        \
  " extract(epoch FROM r.last_msg_receipt_time)::float8 AS received, extract(epoch FROM r.latest_end_time)::float8 AS end_time"    \
  " FROM (SELECT 1) one LEFT JOIN pg_stat_wal_receiver r ON true WHERE pg_is_in_recovery()"

static const struct query queries[] = {
    {.sql = "SELECT r.application_name, r.client_addr, r.pid, r.state, s.slot_name, pg_wal_lsn_diff(w.lsn, '0/0')::float8 AS "
            "current_lsn,"
            " pg_wal_lsn_diff(w.lsn, r.sent_lsn)::float8 AS sent_bytes, pg_wal_lsn_diff(w.lsn, r.write_lsn)::float8 AS write_bytes,"
            " pg_wal_lsn_diff(w.lsn, r.flush_lsn)::float8 AS flush_bytes, pg_wal_lsn_diff(w.lsn, r.replay_lsn)::float8 AS "
            "replay_bytes,"
            " extract(epoch FROM r.write_lag)::float8 AS write_seconds, extract(epoch FROM r.flush_lag)::float8 AS flush_seconds,"
            " extract(epoch FROM r.replay_lag)::float8 AS replay_seconds"
            " FROM pg_stat_replication r LEFT JOIN pg_replication_slots s ON s.active_pid = r.pid CROSS JOIN " CURRENT_LSN
            " ORDER BY r.pid LIMIT 200",
     .metrics = senders,
     .metric_count = COUNTOF(senders)},
    {.sql = "SELECT s.*, 1 AS one, pg_wal_lsn_diff(w.lsn, '0/0')::float8 AS current_lsn,"
            " pg_wal_lsn_diff(w.lsn, s.restart_lsn)::float8 AS retained,"
            " CASE WHEN s.active THEN pg_wal_lsn_diff(s.confirmed_flush_lsn, '0/0') END::float8 AS confirmed_lsn"
            " FROM pg_replication_slots s CROSS JOIN " CURRENT_LSN " ORDER BY s.slot_name LIMIT 200",
     .metrics = slots,
     .metric_count = COUNTOF(slots)},
    {.most = 12, .standby = true, .sql = RECEIVER("received_lsn"), .metrics = receiver, .metric_count = COUNTOF(receiver)},
    {.least = 13, .standby = true, .sql = RECEIVER("flushed_lsn"), .metrics = receiver, .metric_count = COUNTOF(receiver)},
    {0},
};

const struct pg_part pg_replication = {.queries = queries};
