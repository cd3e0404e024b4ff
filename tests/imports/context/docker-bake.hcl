group "default" { targets = ["web", "jobs"] }
target "web" {
  dockerfile = "Dockerfile.plain"
  args = { VERSION = "web" }
}
target "jobs" {
  dockerfile = "Dockerfile.plain"
  args = { VERSION = "jobs" }
}
