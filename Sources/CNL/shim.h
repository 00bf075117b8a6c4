#ifndef RTSETUP_CNL_SHIM_H
#define RTSETUP_CNL_SHIM_H

/* First: the kernel's headers then leave in6_addr and its like to glibc's (libc-compat.h), and
   Swift sees one definition of each. */
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <malloc.h>
#include <sys/signalfd.h>

#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netconf.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/sockios.h>

#include <libmnl/libmnl.h>
#include <netlink/netlink.h>
#include <netlink/route/route.h>
#include <netlink/route/rtnl.h>

/* Swift does not import a macro that is built with `~`. */
static inline uint16_t cnl_attribute_type(uint16_t raw) { return raw & NLA_TYPE_MASK; }

/* glibc has it, and leaves its declaration to libcap. */
static inline int cnl_capget(cap_user_header_t header, cap_user_data_t sets)
{
	extern int capget(cap_user_header_t header, cap_user_data_t sets);
	return capget(header, sets);
}

/* glibc shows unshare(2) only with _GNU_SOURCE, which Swift does not set. For tests: a network
   namespace of their own, and mounts of their own, among them the /sys that belongs to it. */
static inline int cnl_unshare_network(void)
{
	extern int unshare(int flags);
	return unshare(CLONE_NEWNET);
}

static inline int cnl_unshare_mounts(void)
{
	extern int unshare(int flags);
	return unshare(CLONE_NEWNS);
}

#endif
