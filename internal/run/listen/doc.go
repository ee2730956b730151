// Package listen opens listeners that cannot use up the process's file
// descriptors. Each takes its share of what RLIMIT_NOFILE leaves beside a reserve
// for files; when its share is used, the connection goes that has been waiting
// longest without a request, so that whoever opens connections and says nothing
// shuts nobody out.
package listen
