using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Entities.Engine;

public sealed partial class ScheduleRunner
{
    [LoggerMessage(1, LogLevel.Debug, "Scheduled transition {Transition} of entity {Entity} of {Tenant}: {Outcome}")]
    private partial void LogOutcome(TenantId tenant, EntityId entity, string transition, ScheduleOutcome outcome);

    [LoggerMessage(2, LogLevel.Warning, "Scheduled transition {Transition} of entity {Entity} of {Tenant} was refused: {Code}")]
    private partial void LogRefused(TenantId tenant, EntityId entity, string transition, string code);

    [LoggerMessage(3, LogLevel.Error, "Scheduled transition {Transition} of entity {Entity} of {Tenant} failed unexpectedly")]
    private partial void LogThrew(Exception exception, TenantId tenant, EntityId entity, string transition);

    [LoggerMessage(4, LogLevel.Warning, "The lease on scheduled transitions was lost; another server fires them")]
    private partial void LogLeaseLost();
}
