/*
 * procctl.h: as much of FreeBSD's as shim/platform.c names, for a syntax check on Linux; the numbers mean nothing.
 */
#ifndef SYS_PROCCTL_H
#define SYS_PROCCTL_H

#include <sys/types.h>
#include <sys/wait.h>

enum { PROC_PDEATHSIG_CTL = 1, PROC_NO_NEW_PRIVS_ENABLE };
#define PROC_NO_NEW_PRIVS_CTL 2

int procctl(idtype_t, id_t, int, void *);

#endif
