// Package brokers holds the real brokers that the agent is tried against, and
// a line to them that is hostile. The trials are its tests:
//
//	mosquitto         as packaged
//	nats              nats-server with its MQTT listener and JetStream
//	nats, 3 nodes     a JetStream cluster of three, which loses nodes
//	embedded broker   scanpost itself with nothing but [broker]
//
// Each is a process of its own that can be stopped, killed, and robbed of its
// memory. What they did is in docs/brokers.md; run the tests with -v to see the
// figures again.
package brokers
