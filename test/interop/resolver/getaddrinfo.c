/* Prints what getaddrinfo says of each argument: its code, then the addresses in their order. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    printf("%d", getaddrinfo(argv[i], NULL, &hints, &list));
    for (struct addrinfo *one = list; one; one = one->ai_next) {
      char host[NI_MAXHOST];
      getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof host, NULL, 0, NI_NUMERICHOST);
      printf(" %s", host);
    }
    puts("");
  }
}
