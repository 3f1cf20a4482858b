"""Calendars of the iCalendar format (RFC 5545): busy times in, bookings out."""
