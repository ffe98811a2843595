/* A Node.js addon: lookUp(name) is what the c-ares inside Node.js says of it with its search list, in a channel set up anew. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Of node_api.h and ares.h, what is needed here. */
typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_info__ *napi_info;
typedef napi_value (*napi_callback)(napi_env, napi_info);
int napi_create_function(napi_env, const char *, size_t, napi_callback, void *, napi_value *);
int napi_set_named_property(napi_env, napi_value, const char *, napi_value);
int napi_get_cb_info(napi_env, napi_info, size_t *, napi_value *, napi_value *, void **);
int napi_get_value_string_utf8(napi_env, napi_value, char *, size_t, size_t *);
int napi_create_string_utf8(napi_env, const char *, size_t, napi_value *);

struct hints { int flags, family, socktype, protocol; };
struct node { int ttl, flags, family, socktype, protocol; socklen_t length; struct sockaddr *address; struct node *next; };
struct result { void *aliases; struct node *nodes; char *name; };
typedef void (*found)(void *, int, int, struct result *);
int ares_init_options(void **, void *, int);
void ares_getaddrinfo(void *, const char *, const char *, const struct hints *, found, void *);
void ares_freeaddrinfo(struct result *);
void ares_set_socket_callback(void *, int (*)(int, int, void *), void *);
struct timeval *ares_timeout(void *, struct timeval *, struct timeval *);
void ares_process_fd(void *, int, int);
void ares_destroy(void *);

static char printed[8192];
static int done;
static struct pollfd sockets[256];
static int opened;

/* TCP sockets are always polled for room to write: that is where c-ares learns that they are connected. */
static int take_socket(int fd, int type, void *arg) {
  (void)arg;
  if (opened == 256) return -1;
  sockets[opened++] = (struct pollfd){.fd = fd, .events = type == SOCK_STREAM ? POLLIN | POLLOUT : POLLIN};
  return 0;
}

static void take(void *arg, int status, int timeouts, struct result *result) {
  (void)arg, (void)timeouts;
  size_t at = snprintf(printed, sizeof printed, "%d", status);
  for (struct node *one = result ? result->nodes : NULL; one; one = one->next) {
    char text[INET6_ADDRSTRLEN];
    const void *octets = one->family == AF_INET ? (void *)&((struct sockaddr_in *)one->address)->sin_addr
                                                : (void *)&((struct sockaddr_in6 *)one->address)->sin6_addr;
    at += snprintf(printed + at, sizeof printed - at, " %s", inet_ntop(one->family, octets, text, sizeof text));
  }
  if (result) ares_freeaddrinfo(result);
  done = 1;
}

static napi_value look_up(napi_env env, napi_info info) {
  char name[1024];
  size_t count = 1;
  napi_value argument, value;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_get_value_string_utf8(env, argument, name, sizeof name, NULL);
  void *channel;
  struct hints hints = {0, AF_UNSPEC, SOCK_STREAM, 0};
  done = opened = 0;
  ares_init_options(&channel, NULL, 0);
  ares_set_socket_callback(channel, take_socket, NULL);
  ares_getaddrinfo(channel, name, NULL, &hints, take, NULL);
  while (!done) {
    struct timeval most = {5, 0}, wait;
    struct timeval *least = ares_timeout(channel, &most, &wait);
    poll(sockets, opened, least->tv_sec * 1000 + least->tv_usec / 1000 + 1);
    for (int i = 0, count = opened; i < count; i++) {
      if (sockets[i].revents & POLLNVAL) sockets[i].fd = -1;
      else if (sockets[i].revents) ares_process_fd(channel, sockets[i].fd, sockets[i].revents & POLLOUT ? sockets[i].fd : -1);
    }
    ares_process_fd(channel, -1, -1);
  }
  ares_destroy(channel);
  napi_create_string_utf8(env, printed, strlen(printed), &value);
  return value;
}

napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "lookUp", 6, look_up, NULL, &function);
  napi_set_named_property(env, exports, "lookUp", function);
  return exports;
}
