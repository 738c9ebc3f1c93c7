leave_slow_disk()
{
	:
}
