/* A talk: all of `say` is written, then a line is heard. Never waits. */
#include "agent/net/talk.h"

#include <string.h>
#include <sys/epoll.h>

static CURLcode say(struct transfer *t) {
  CURLcode result = CURLE_OK;
  while (t->said < t->say_length && result == CURLE_OK) {
    size_t sent = 0;
    result = curl_easy_send(t->easy, t->say + t->said, t->say_length - t->said, &sent);
    t->said += sent;
  }
  return result;
}

/* Takes what fits; true when nothing more is wanted: the line is whole, the room is filled, or the peer ended. */
static bool take(struct transfer *t, const char *data, size_t length) {
  struct answer *a = t->answer;
  if (a->told.last != NET_TRANSFER) answer_enter(a, NET_TRANSFER);
  const char *end = memchr(data, '\n', length);
  size_t room = a->body.max - a->body.length, line = end ? (size_t)(end + 1 - data) : length;
  buf_put(&a->body, data, MIN(line, room));
  a->told.cut = line > room;
  return length == 0 || end || line >= room;
}

static CURLcode hear(struct transfer *t) {
  char data[4096];
  size_t length = 0;
  CURLcode result;
  do {
    result = curl_easy_recv(t->easy, data, sizeof data, &length);
  } while (result == CURLE_OK && !take(t, data, length));
  if (result == CURLE_OK && length == 0 && t->answer->body.length == 0)
    fail(&t->answer->told.why, FAIL_CONNECT, "the connection was closed without an answer");
  return result;
}

bool talk_step(struct transfer *t, uint32_t *ret_events, CURLcode *ret_result) {
  CURLcode result = say(t);
  *ret_events = EPOLLOUT;
  if (result == CURLE_OK && t->hear) {
    *ret_events = EPOLLIN;
    result = hear(t);
  }
  *ret_result = result;
  return result != CURLE_AGAIN;
}
