package strict

import (
	"encoding"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Into fills the struct that v points to. A field is named by its toml tag,
// or else by its name in lower case; a field tagged "-" is not read, and a list
// tagged ",one" may be written as its only text: end = "\r" for ["\r"]. Keys the
// struct does not have are mistakes. Keys the file does not have leave their
// field as it is, so defaults are what was there before.
func (d *Doc) Into(v any) {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("strict: Into wants a pointer to a struct, not %T", v)) // the caller's mistake, not the file's
	}
	d.fill(target.Elem(), d.values, nil)
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// fill stores a value of the file, or says why it does not fit.
func (d *Doc) fill(target reflect.Value, value any, path []any) {
	wrong := func(want string) {
		d.At(path...).mistake(true, "%s must be %s, not %s", subject(path), want, kind(value))
	}
	if target.CanAddr() && target.Addr().Type().Implements(textType) {
		text, ok := value.(string)
		if !ok {
			if _, isDuration := target.Interface().(interface{ text() string }); isDuration {
				wrong(`a time span such as "30s"`)
			} else {
				wrong("text")
			}
			return
		}
		if err := target.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			d.At(path...).mistake(true, "%s: %v", subject(path), err)
		}
		return
	}
	switch target.Kind() {
	case reflect.Pointer:
		if target.IsNil() {
			target.Set(reflect.New(target.Type().Elem()))
		}
		d.fill(target.Elem(), value, path)
	case reflect.Interface:
		target.Set(reflect.ValueOf(value))
	case reflect.Struct:
		if table, ok := value.(map[string]any); ok {
			d.fillStruct(target, table, path)
		} else {
			wrong("a table")
		}
	case reflect.Map:
		d.fillMap(target, value, path, wrong)
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			wrong("a list")
			return
		}
		filled := reflect.MakeSlice(target.Type(), len(list), len(list))
		for i, item := range list {
			d.fill(filled.Index(i), item, child(path, i))
		}
		target.Set(filled)
	case reflect.String:
		if text, ok := value.(string); ok {
			target.SetString(text)
		} else {
			wrong("text")
		}
	case reflect.Bool:
		if b, ok := value.(bool); ok {
			target.SetBool(b)
		} else {
			wrong("true or false")
		}
	case reflect.Float64, reflect.Float32:
		switch n := value.(type) {
		case float64:
			target.SetFloat(n)
		case int64:
			target.SetFloat(float64(n))
		default:
			wrong("a number")
		}
	default:
		d.fillInt(target, value, path, wrong)
	}
}

func (d *Doc) fillInt(target reflect.Value, value any, path []any, wrong func(string)) {
	n, ok := value.(int64)
	if !ok {
		wrong("a whole number")
		return
	}
	switch {
	case target.CanInt() && !target.OverflowInt(n):
		target.SetInt(n)
	case target.CanUint() && n >= 0 && !target.OverflowUint(uint64(n)):
		target.SetUint(uint64(n))
	case target.CanUint() && n < 0:
		d.At(path...).mistake(true, "%s must not be negative, and %d is", subject(path), n)
	case target.CanInt() || target.CanUint():
		d.At(path...).mistake(true, "%s is too large: %d", subject(path), n)
	default:
		panic(fmt.Sprintf("strict: no way to read a %s", target.Type()))
	}
}

func (d *Doc) fillMap(target reflect.Value, value any, path []any, wrong func(string)) {
	table, ok := value.(map[string]any)
	if !ok {
		wrong("a table")
		return
	}
	filled := reflect.MakeMapWithSize(target.Type(), len(table))
	for _, key := range slices.Sorted(maps.Keys(table)) {
		element := reflect.New(target.Type().Elem()).Elem()
		d.fill(element, table[key], child(path, key))
		filled.SetMapIndex(reflect.ValueOf(key).Convert(target.Type().Key()), element)
	}
	target.Set(filled)
}

func (d *Doc) fillStruct(target reflect.Value, table map[string]any, path []any) {
	fields := fieldsOf(target.Type())
	for _, key := range slices.Sorted(maps.Keys(table)) { // in one order, so that the same file gets the same words
		field, ok := fields[key]
		if !ok {
			known := slices.Sorted(maps.Keys(fields))
			d.At(child(path, key)...).mistake(true, "unknown %s %q%s%s", d.noun, key, in(path), DidYouMean(key, known))
			continue
		}
		value := table[key]
		if text, ok := value.(string); ok && field.one {
			value = []any{text}
		}
		d.fill(target.Field(field.index), value, child(path, key))
	}
}

type field struct {
	index int
	one   bool // a list that may be written as its only element
}

func fieldsOf(t reflect.Type) map[string]field {
	fields := map[string]field{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("toml"), ",")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if f.IsExported() && name != "-" {
			fields[name] = field{i, option == "one"}
		}
	}
	return fields
}

// Keys lists the keys that a struct is read from, sorted.
func Keys(of any) []string {
	t := reflect.TypeOf(of)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return slices.Sorted(maps.Keys(fieldsOf(t)))
}

// child never shares its memory with a sister's path.
func child(path []any, step any) []any { return append(path[:len(path):len(path)], step) }

// subject names a key in a sentence: `"port" in [[device]] 2`.
func subject(path []any) string {
	if len(path) == 0 {
		return "the document"
	}
	inner := path[len(path)-1]
	if number, ok := inner.(int); ok && len(path) > 1 {
		return fmt.Sprintf("\"%v\" number %d%s", path[len(path)-2], number+1, in(path[:len(path)-2]))
	}
	return fmt.Sprintf("%q%s", inner, in(path[:len(path)-1]))
}

// in says in which table, the way the file writes it: " in [station]",
// " in [[device]] 2". People count from one.
func in(path []any) string {
	if len(path) == 0 {
		return ""
	}
	var names []string
	for i, step := range path {
		if number, ok := step.(int); ok {
			if i == len(path)-1 && len(names) == i {
				return fmt.Sprintf(" in [[%s]] %d", strings.Join(names, "."), number+1)
			}
			names[len(names)-1] += fmt.Sprintf(" %d", number+1)
			continue
		}
		names = append(names, fmt.Sprint(step))
	}
	return " in [" + strings.Join(names, ".") + "]"
}

func kind(value any) string {
	switch value := value.(type) {
	case string:
		return "text"
	case bool:
		return fmt.Sprint(value)
	case int64:
		return fmt.Sprintf("the number %d", value)
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return "an endless number"
		}
		return fmt.Sprintf("the number %v", value)
	case []any:
		return "a list"
	case map[string]any:
		return "a table"
	case time.Time, interface {
		AsTime(*time.Location) time.Time
	}:
		return "a date"
	}
	return "that"
}
