"""What may be said of an exception."""


def where(error: BaseException) -> str:
    """Type and place of an exception, without its text: that may quote a citizen."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    file = "/".join(code.co_filename.split("/")[-2:])
    return f"{type(error).__name__} at {file}:{trace.tb_lineno} in {code.co_name}"
