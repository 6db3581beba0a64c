package pass

import "time"

// timers is a heap of sessions by the time at which they are to be looked at.
// A read only moves a session's deadline, mostly to later, and that is not
// noted here until the old time has come.
type timers []*session

func (t timers) before(i, j int) bool {
	return t[i].timer < t[j].timer || t[i].timer == t[j].timer && t[i].number < t[j].number
}

func (t timers) swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].place, t[j].place = i, j
}

func (t timers) up(i int) {
	for i > 0 && t.before(i, (i-1)/2) {
		t.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (t timers) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(t); child++ {
			if t.before(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		t.swap(i, least)
		i = least
	}
}

func (t *timers) add(s *session) {
	s.timer, s.place = s.deadline, len(*t)
	*t = append(*t, s)
	t.up(s.place)
}

func (t *timers) remove(s *session) {
	i, end := s.place, len(*t)-1
	t.swap(i, end)
	(*t)[end] = nil
	*t = (*t)[:end]
	if i < end {
		t.down(i)
		t.up(i)
	}
}

// moved takes note of a session whose deadline has changed.
func (t timers) moved(s *session) {
	if s.deadline < s.timer {
		s.timer = s.deadline
		t.up(s.place)
	}
}

// first is the session that is due first, with its true time.
func (t timers) first() (*session, time.Duration, bool) {
	for len(t) > 0 {
		s := t[0]
		if s.deadline <= s.timer {
			return s, s.timer, true
		}
		s.timer = s.deadline
		t.down(0)
	}
	return nil, 0, false
}

// list is sessions in the order in which they came.
type list struct {
	head, tail *session
	n          int
}

func (l *list) add(s *session) {
	s.prev, s.next = l.tail, nil
	if l.tail != nil {
		l.tail.next = s
	} else {
		l.head = s
	}
	l.tail = s
	l.n++
}

func (l *list) remove(s *session) {
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		l.head = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	} else {
		l.tail = s.prev
	}
	s.prev, s.next = nil, nil
	l.n--
}

// of gives the sessions of a portal. The one in hand may be removed.
func (l *list) of(p *portal) func(yield func(*session) bool) {
	return func(yield func(*session) bool) {
		for s := l.head; s != nil; {
			next := s.next
			if s.portal == p && !yield(s) {
				return
			}
			s = next
		}
	}
}
