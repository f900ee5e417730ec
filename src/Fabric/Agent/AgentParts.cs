using Microsoft.Extensions.Logging;
using Strata.Core;
using Strata.Agent.Health;
using Strata.Agent.Hooks;
using Strata.Runtimes;

namespace Strata.Agent;

/// <summary>What the loops of all instances share.</summary>
internal sealed record AgentParts(
    IRuntime Runtime, DiskReserve Disk, InstanceHooks Hooks, InstanceReport Report, HealthProbe Health, TimeProvider Time, ILogger Logger);
