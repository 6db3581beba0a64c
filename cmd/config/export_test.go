package config

import (
	"reflect"
	"strings"
)

// Keys are all keys that a file may have.
func Keys() []string {
	var keys []string
	var walk func(t reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice:
			walk(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				f := t.Field(i)
				key := f.Tag.Get("toml")
				if key == "" {
					key = strings.ToLower(f.Name)
				}
				if k := f.Type.Kind(); t != reflect.TypeFor[raw]() && k != reflect.Struct {
					keys = append(keys, key)
				}
				walk(f.Type)
			}
		}
	}
	walk(reflect.TypeFor[raw]())
	return keys
}
