#ifndef RTSETUP_CEXPAT_SHIM_H
#define RTSETUP_CEXPAT_SHIM_H

#include <expat.h>

#endif
