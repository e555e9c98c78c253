/* SPDX-License-Identifier: BSD-3-Clause */
/* kr - all of the stable interface at once. */
#ifndef KR_KR_H
#define KR_KR_H

#include <kr/args.h>
#include <kr/base.h>
#include <kr/block.h>
#include <kr/call.h>
#include <kr/child.h>
#include <kr/client.h>
#include <kr/codec.h>
#include <kr/command.h>
#include <kr/config.h>
#include <kr/event.h>
#include <kr/files.h>
#include <kr/gate.h>
#include <kr/info.h>
#include <kr/journal.h>
#include <kr/keyspace.h>
#include <kr/loader.h>
#include <kr/loading.h>
#include <kr/log.h>
#include <kr/loop.h>
#include <kr/memory.h>
#include <kr/module.h>
#include <kr/program.h>
#include <kr/reply.h>
#include <kr/scan.h>
#include <kr/text.h>
#include <kr/transport.h>
#include <kr/type.h>
#include <kr/walk.h>

#endif
