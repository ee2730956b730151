package pb

// Head is what a courier keeps of the notice until it is due.
func (x *Notice) Head() *OwedHead {
	return &OwedHead{Id: x.Id, Mchid: x.Mchid, NextAt: x.NextAt, CreatedAt: x.CreatedAt, Attempts: x.Attempts}
}
