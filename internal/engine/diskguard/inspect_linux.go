package diskguard

import "syscall"

// readOnly is ST_RDONLY of statfs(2).
const readOnly = 1

func inspect(dir string) (Condition, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return Condition{}, err
	}
	return Condition{Files: st.Files, FreeFiles: st.Ffree, ReadOnly: st.Flags&readOnly != 0}, nil
}
