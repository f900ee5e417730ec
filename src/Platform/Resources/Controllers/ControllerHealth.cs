namespace Strata.Resources.Controllers;

/// <summary>How a controller is on this server.</summary>
/// <param name="IsActive">It works here; otherwise another server holds its lease, or the store cannot be reached.</param>
/// <param name="Waiting">Resources that wait to be looked at.</param>
/// <param name="Running">Resources that are looked at.</param>
/// <param name="Failing">Resources whose last look failed; they are tried again with back-off.</param>
/// <param name="LastError">Of the newest failure; null when nothing fails.</param>
public sealed record ControllerHealth(string Name, bool IsActive, int Waiting, int Running, int Failing, string? LastError);

/// <summary>Reports the controllers' health, from memory.</summary>
public interface IControllerReports
{
    IReadOnlyList<ControllerHealth> Report();
}
