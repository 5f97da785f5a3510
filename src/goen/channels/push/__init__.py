"""Web Push: notifications to browsers, encrypted for them (RFC 8291) and signed by the installation (RFC 8292)."""
