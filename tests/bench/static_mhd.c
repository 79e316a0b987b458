/* The measure of the page cache: libmicrohttpd as it comes (its own listening socket, its own epoll thread) serving one file for every path.
 * static_mhd FILE. Prints its address; ends with its standard input. */
#include <microhttpd.h>
#include <stdio.h>
#include <unistd.h>

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **context) {
  (void)path, (void)method, (void)version, (void)upload, (void)upload_size;
  if (*context) return MHD_queue_response(connection, MHD_HTTP_OK, arg);
  *context = arg;
  return MHD_YES;
}

static struct MHD_Response *response_of(const char *path) {
  static char page[16 << 20];
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  size_t length = fread(page, 1, sizeof page, file);
  fclose(file);
  return MHD_create_response_from_buffer(length, page, MHD_RESPMEM_PERSISTENT);
}

int main(int argc, char **argv) {
  struct MHD_Response *response = argc == 2 ? response_of(argv[1]) : NULL;
  if (!response) return fprintf(stderr, "usage: %s FILE\n", argv[0]), 3;
  struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
                                               MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768, MHD_OPTION_END);
  if (!daemon) return fprintf(stderr, "cannot start\n"), 1;
  printf("127.0.0.1:%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  char byte;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  MHD_stop_daemon(daemon);
  MHD_destroy_response(response);
  return 0;
}
