/* Asking the agent that runs here: one HTTP request on its own socket. */
#include "agent/cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/cli/agent.h"
#include "base/wait.h"

enum { REQUEST_MAX = 2 << 20, ANSWER_MAX = 80 << 20 };

static void close_fd(const int *fd) {
  if (*fd >= 0) close(*fd);
}

static void write_request(struct buf *out, const struct question_to_agent *q) {
  buf_printf(out, "%s %s HTTP/1.0\r\nHost: sonde\r\n", q->form ? "POST" : "GET", q->path);
  if (q->form) buf_printf(out, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n", strlen(q->form));
  buf_printf(out, "\r\n%s", q->form ? q->form : "");
}

static bool send_all(int fd, const struct wait *wait, const struct buf *request, struct fail *f) {
  for (size_t sent = 0; sent < request->length;) {
    if (!wait_fd(wait, fd, POLLOUT, f)) return false;
    ssize_t n = send(fd, request->data + sent, request->length - sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(f, "the agent cannot be asked");
    if (n > 0) sent += (size_t)n;
  }
  return true;
}

/* Sends the request and reads until the agent closes. */
static bool talk(int fd, const struct question_to_agent *q, struct buf *answer, struct fail *f) {
  struct wait wait = {.deadline = q->deadline, .stop_fd = -1};
  SCOPED(buf_done) struct buf request;
  buf_init(&request, REQUEST_MAX);
  write_request(&request, q);
  if (request.overflow) return fail(f, FAIL_LIMIT, "this is too long to be asked");
  if (!send_all(fd, &wait, &request, f)) return false;
  for (;;) {
    if (!wait_fd(&wait, fd, POLLIN, f)) return fail_prefix(f, "the agent that runs here does not answer");
    char *room = buf_room(answer, 65536);
    if (!room) return fail(f, FAIL_LIMIT, "the agent's answer is too long");
    ssize_t n = recv(fd, room, 65536, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n < 0) return fail_errno(f, "the agent's answer broke off");
    if (n == 0) return true;
    buf_added(answer, (size_t)n);
  }
}

bool agent_ask(const struct question_to_agent *q, unsigned *status, struct buf *body, struct fail *f) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if ((size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", q->folder, AGENT_SOCKET) >= sizeof to.sun_path)
    return fail(f, FAIL_CONNECT, "no agent can be asked: the path of its socket would be too long");
  SCOPED(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
    return fail(f, errno == EACCES ? FAIL_PERMISSION : FAIL_CONNECT, "no agent can be asked at %s: %s", to.sun_path,
                strerror(errno));
  SCOPED(buf_done) struct buf answer;
  buf_init(&answer, ANSWER_MAX);
  if (!talk(fd, q, &answer, f)) return false;
  const char *head = answer.data ? strchr(answer.data, ' ') : NULL, *start = answer.data ? strstr(answer.data, "\r\n\r\n") : NULL;
  *status = head ? (unsigned)strtoul(head, NULL, 10) : 0;
  if (!start || *status < 100 || strncmp(answer.data, "HTTP/1.", 7) != 0)
    return fail(f, FAIL_PROTOCOL, "the program at %s is no agent that can be asked", to.sun_path);
  buf_puts(body, start + 4);
  return true;
}
