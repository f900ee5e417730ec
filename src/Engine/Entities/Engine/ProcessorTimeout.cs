using Strata.Entities.Log;
using Strata.Entities.Workflows;

namespace Strata.Entities.Engine;

/// <summary>
/// The timeout of an entity that was committed so that a processor can work on it. If the server stops before the answer arrives, it
/// records that no answer will come. It is a schedule without a transition's name, which no workflow can have; the second segment's commit
/// takes it away. Stateless.
/// </summary>
internal static class ProcessorTimeout
{
    public const string LostCode = "PROCESSING_LOST";

    /// <summary>On top of the processor's own time, for the second segment to be committed.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    public static ScheduledTransition Over(ProcessorDefinition processor, DateTimeOffset now) =>
        new("", now + ComputationGuard.WaitOf(processor.Config) + Grace);

    public static bool Is(ScheduledTransition schedule) => schedule.Transition.Length == 0;

    /// <summary>What the trail says then; nothing where the entity has moved on since.</summary>
    public static AuditEvent[] Lost(EntityRevision last)
    {
        if (last.Audit.LastOrDefault(e => e.Type != AuditEventTypes.Request) is not { Type: AuditEventTypes.PauseForProcessing } pause)
            return [];
        var reason = $"{LostCode}: The server that waited for the processor \"{pause.Reason}\" has ended before the answer was there.";
        return [new(AuditEventTypes.TransitionAborted, last.State, pause.Detail, null, reason),
            new(AuditEventTypes.Cancel, last.State, null, null, reason)];
    }
}
