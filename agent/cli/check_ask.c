/* Asking the agent that runs here, over the socket in its folder for state: one HTTP request. It answers from what it has in memory, so that whoever
 * does not answer at once is stopped. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/cli/agent.h"
#include "agent/cli/check.h"
#include "base/wait.h"

static const char request[] = "GET /api/agent/status HTTP/1.0\r\nHost: sonde\r\n\r\n";

static void close_fd(const int *fd) {
  if (*fd >= 0) close(*fd);
}

/* Sends the request and reads until the agent closes. */
static bool talk(int fd, msec_t deadline, struct buf *answer, struct fail *f) {
  struct wait wait = {.deadline = deadline, .stop_fd = -1};
  if (send(fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
    return fail_errno(f, "the agent cannot be asked");
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

bool check_ask(const char *folder, msec_t deadline, struct buf *status, struct fail *f) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  if ((size_t)snprintf(to.sun_path, sizeof to.sun_path, "%s/%s", folder, AGENT_SOCKET) >= sizeof to.sun_path)
    return fail(f, FAIL_CONNECT, "no agent can be asked: the path of its socket would be too long");
  SCOPED(close_fd) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
    return fail(f, errno == EACCES ? FAIL_PERMISSION : FAIL_CONNECT, "No agent can be asked at %s: %s", to.sun_path,
                strerror(errno));
  SCOPED(buf_done) struct buf answer;
  buf_init(&answer, status->max);
  if (!talk(fd, deadline, &answer, f)) return false;
  const char *body = answer.data ? strstr(answer.data, "\r\n\r\n") : NULL;
  if (!body || !strstr(answer.data, " 200 ") || strstr(answer.data, " 200 ") > body)
    return fail(f, FAIL_PROTOCOL, "the program at %s is no agent that can be asked", to.sun_path);
  buf_puts(status, body + 4);
  return true;
}
